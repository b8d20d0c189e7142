"""The routes of each group of the workspace API; a verb stands before the plain path it ends."""

from objectives.api import references as references  # the converter `ref`, before any path is made
