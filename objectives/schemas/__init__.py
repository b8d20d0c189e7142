"""The bodies of the workspace API, one module a resource."""
