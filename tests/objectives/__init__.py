"""Tests of objectives, tool calls and the workspace API."""
