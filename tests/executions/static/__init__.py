"""`callboard.js`, in a real browser."""
