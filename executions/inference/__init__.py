"""One request to a language model and its response, whoever provides it."""
