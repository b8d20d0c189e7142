"""From an error to an answer, in the dialect of the API that was called."""
