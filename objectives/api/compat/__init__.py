"""What clients ask for beside the API itself: old addresses, and what this server does not have."""

from objectives.api import references as references  # the converter `ref`, before any path is made
