"""Every kind of event that a run's log knows, of skill executions and of objectives: one grammar."""

from enum import StrEnum


class EventKind(StrEnum):
    """`noun.past_tense`; what each carries is facts of our own: snake_case, raw ids, raw numbers.

    What is called the same means the same in both kinds of run. `executions.api.event_payloads` has the
    payloads of executions, `objectives.events` says what those of objectives have in common.
    """

    # Of both.
    TEXT = "text.appended"  # a piece of text as it is written; an objective's says turn, attempt and offset
    CALLED = "tool.called"  # a tool call begins
    RETURNED = "tool.returned"  # a tool call has ended, with a result or with an error

    # Of skill executions.
    QUEUED = "execution.queued"  # it was asked for; always event number 1
    STARTED = "execution.started"  # a worker has started an attempt
    PROGRESSED = "execution.progressed"  # the skill says how far it is
    RETRIED = "execution.retried"  # an attempt ended without a result, and the next one waits
    SUCCEEDED = "execution.succeeded"  # it ended with outputs; the last event
    EXECUTION_FAILED = "execution.failed"  # it ended without outputs; the last event
    CANCEL_REQUESTED = "execution.cancel_requested"  # its worker has yet to confirm
    EXECUTION_CANCELLED = "execution.cancelled"  # it was stopped; the last event
    ARTIFACT_COMMITTED = "artifact.committed"  # a file was kept
    USAGE_RECORDED = "usage.recorded"  # a model request was paid for, or a script reported its usage
    SUB_EXECUTION_STARTED = "sub_execution.started"  # the skill called another one
    SUB_EXECUTION_FINISHED = "sub_execution.finished"  # a skill that was called has ended

    # Of objectives.
    STATE_CHANGED = "objective.state_changed"  # from a state to another
    USER_MESSAGE = "message.received"  # what somebody said to it
    MESSAGE_QUEUED = "message.queued"  # somebody said something while a turn runs: it is heard afterwards
    MESSAGE_WITHDRAWN = "message.withdrawn"  # and took it back before it was heard
    ASSISTANT_MESSAGE = "message.written"  # a response of its model, with the tool calls it asks for
    REASONING = "reasoning.written"  # what its model thought before a response
    RESTARTED = "turn.restarted"  # the turn is asked anew: drop the text of older attempts
    APPROVAL_REQUESTED = "tool.approval_requested"  # a tool call waits for people
    APPROVED = "tool.approved"  # somebody, or a default after an expiry, let a tool call run
    DENIED = "tool.denied"  # the same for one that must not
    COMPACTED = "context_window.compacted"  # a new window began with less
    SUB_OBJECTIVE_STARTED = "sub_objective.started"  # a sub-agent has its task
    SUB_OBJECTIVE_FINISHED = "sub_objective.finished"  # a sub-agent's objective is over
    PROVIDER_LOST = "provider.lost"  # its model's provider is unavailable
    PROVIDER_FOUND = "provider.found"  # and answers again
    CONTINUED = "objective.continued"  # somebody took it up again after it had failed
    INTERRUPTED = "objective.interrupted"  # its turn was ended; it waits for a message
    CANCELLED = "objective.cancelled"  # it was stopped
    TIMED_OUT = "objective.timed_out"  # nobody said anything for too long
    FINALIZED = "objective.finalized"  # it ended with an output
    FAILED = "objective.failed"  # it ended without one
