"""Chats: threads and their messages over REST, turns as streams, commands on the websocket."""
