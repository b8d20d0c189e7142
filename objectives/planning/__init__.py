"""What an objective's loop works by: written down once, when the objective is made."""
