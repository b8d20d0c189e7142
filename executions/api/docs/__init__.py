"""The descriptions of the routes, apart from the views that they describe."""
