"""Tests of everything live: streams, sockets, waiting, and the bridge under them."""
