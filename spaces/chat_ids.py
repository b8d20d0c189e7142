"""The ids that a chat gives its threads, messages and tool calls."""

# Characters of one id. It is opaque: gateways put the signature of a whole answer into it, of a thousand
# characters and more. What is looked for goes by a digest, so this bounds rows and requests, not an index.
MAX_CHAT_ID = 4096
