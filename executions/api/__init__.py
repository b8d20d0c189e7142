"""The space API of skills and executions: routes, requests and answers."""
