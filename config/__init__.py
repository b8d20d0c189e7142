"""The deployment: environment, settings, servers, the demo and the benchmark."""
