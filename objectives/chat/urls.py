"""The routes of the chat, below `/v1/`; turns are streamed, beside Django (`config.server.routing`)."""

from django.urls import URLPattern, URLResolver

from objectives.chat.files import MessageFileViewSet
from objectives.chat.threads import ThreadViewSet
from objectives.chat.tool_calls import ChatCallViewSet
from spaces.api.routes import route, verbs

SPACE = "spaces/<space:space_id>"
THREADS = f"{SPACE}/threads"
THREAD = f"{THREADS}/<str:thread_id>"

urlpatterns: list[URLPattern | URLResolver] = [
    route(f"{THREADS}/messages", ThreadViewSet, post="begin"),
    route(THREADS, ThreadViewSet, get="list"),
    *verbs(THREAD, ThreadViewSet, "archive", mark="/"),
    route(f"{THREAD}/messages", ThreadViewSet, get="messages", post="add"),
    route(f"{THREAD}/messages/<str:queued_id>", ThreadViewSet, delete="take_back"),
    route(THREAD, ThreadViewSet, get="retrieve", patch="update"),
    route(f"{SPACE}/chat/<str:thread_id>/stop", ThreadViewSet, post="stop"),
    *verbs(f"{SPACE}/tool-calls/<str:call_id>", ChatCallViewSet, "approve", "deny", "content", mark="/"),
    route("message-files/<uuid:file_id>", MessageFileViewSet, name="message-file", get="retrieve"),
]
