"""Part 9: hundreds of agents at once, beside a bare client of the same provider."""
