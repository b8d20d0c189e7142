"""How a tool call is carried out: over HTTP, as a skill, as a sub-agent, or by somebody else."""
