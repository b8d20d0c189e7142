/**
 * A client: nothing is opened before something is followed or said.
 * @param {Options} [options]
 */
export function connect(options?: Options): Client;
/**
 * A tool call's public id, of what events call it: a UUID, of which the public one is another spelling.
 * @param {string} id
 */
export function publicCallId(id: string): string;
/** Why something was refused; `code` is one of the wire's, or `closed`, `unreachable`, `outcome_unknown`. */
export class CallboardError extends Error {
    /**
     * @param {string} code
     * @param {string} message
     * @param {{status?: number | null, field?: string | null}} [more]
     */
    constructor(code: string, message: string, { status, field }?: {
        status?: number | null;
        field?: string | null;
    });
    code: string;
    /** The HTTP status, null where none was received. */
    status: number | null;
    /** The wrong member of what was sent, null where none is. */
    field: string | null;
}
/**
 * Something that is followed: an async iterable of items, and callbacks. It begins with its first listener or
 * loop, and each event comes once, in order, however often the connection was lost.
 */
export class Following {
    /**
     * @param {Wire} wire
     * @param {Record<string, unknown>} target
     * @param {FollowOptions} options
     */
    constructor(wire: Wire, target: Record<string, unknown>, { after, signal }?: FollowOptions);
    /** @internal */
    isStreamed: boolean;
    /** @internal */
    name: string;
    /** The execution that a tool call was found to have. @type {string | null} */
    executionId: string | null;
    /** The number of the newest event seen, for `after`. @type {number | string | null} */
    seq: number | string | null;
    /**
     * Call `listener` with each of these; the function returned ends that.
     * @template {keyof Listened} T
     * @param {T} type
     * @param {(value: Listened[T]) => void} listener
     */
    on<T extends keyof Listened>(type: T, listener: (value: Listened[T]) => void): () => undefined;
    /** The last event, once there is nothing more to come; rejects with a CallboardError. */
    done(): Promise<LiveEvent | null>;
    /** Stop following; loops over it end. */
    close(): void;
    /** @internal */
    begin(): void;
    /** @internal */
    get isKnown(): boolean;
    /** @internal */
    frame(): {
        after?: undefined;
        type: string;
        sub: string;
    } | {
        after: string | number;
        type: string;
        sub: string;
    };
    /** @internal @param {any} item */
    take(item: any): void;
    /** @internal */
    end(): void;
    /** @internal What is followed ended, and may go on. */
    pause(): void;
    /** @internal @param {CallboardError} error */
    fail(error: CallboardError): void;
    /** @internal */
    unstream(): void;
    /** @internal Where no socket opens, an execution's events come by SSE. @param {Api} api */
    stream(api: Api): Promise<void>;
    /** @returns {AsyncGenerator<Item, void, void>} it throws a CallboardError; leaving the loop ends the following */
    [Symbol.asyncIterator](): AsyncGenerator<Item, void, void>;
    #private;
}
/** A chat's thread: what is said and done in it, and what to say and do. Each verb resolves once it is done. */
export class Thread extends Following {
    /**
     * @param {Wire} wire
     * @param {string | null} id
     * @param {FollowOptions} options
     */
    constructor(wire: Wire, id: string | null, options: FollowOptions);
    /** Null until something was said in a new one. @type {string | null} */
    id: string | null;
    target: Record<string, unknown>;
    /**
     * Say something; the first words in a new thread make it.
     * @param {string} text
     * @param {{files?: string[]}} [options] `files` are names of uploaded ones.
     * @returns {Promise<Said>} with `queued_id` where a turn runs, whose end it waits for
     */
    say(text: string, { files }?: {
        files?: string[];
    }): Promise<Said>;
    /** Stop the turn, for everybody; what was said stays. */
    stop(): Promise<any>;
    /** @param {string} toolCallId As it stands in messages, or an event's `call_id`. */
    approve(toolCallId: string): Promise<any>;
    /**
     * @param {string} toolCallId
     * @param {string} [memo] Why; the agent is told.
     */
    deny(toolCallId: string, memo?: string): Promise<any>;
    /**
     * Give the content that a tool call waits for.
     * @param {string} toolCallId
     * @param {string | {type: "text", text: string}[]} content
     */
    content(toolCallId: string, content: string | {
        type: "text";
        text: string;
    }[]): Promise<any>;
    /**
     * Say a message otherwise: a branch, which is a thread by its `branch_id`.
     * @param {string} messageId
     * @param {string} text
     * @returns {Promise<Said>}
     */
    edit(messageId: string, text: string): Promise<Said>;
    /**
     * Have a message answered again, the last one unless told: a branch as well.
     * @param {string} [messageId]
     * @returns {Promise<Said>}
     */
    regenerate(messageId?: string): Promise<Said>;
    /** Stop an execution that a tool call has started. @param {string} executionId */
    cancel(executionId: string): Promise<any>;
    #private;
}
/** What `connect` returns. */
export class Client {
    /** @param {Options} options */
    constructor(options: Options);
    /** How the connection is: `lost` while it comes back, `idle` while nothing needs it. @type {Status} */
    get status(): Status;
    /**
     * Call `listener` with each change of `status`; the function returned ends that.
     * @param {"status"} type
     * @param {(status: Status) => void} listener
     */
    on(type: "status", listener: (status: Status) => void): () => undefined;
    /**
     * Follow what becomes of a tool call, before it has an execution and after.
     * @param {string} toolCallId
     * @param {FollowOptions} [options]
     */
    followCall(toolCallId: string, options?: FollowOptions): Following;
    /**
     * @param {string} id
     * @param {FollowOptions} [options]
     */
    followExecution(id: string, options?: FollowOptions): Following;
    /**
     * Follow an agent's objective by the events of its log.
     * @param {string} id
     * @param {FollowOptions} [options]
     */
    followObjective(id: string, options?: FollowOptions): Following;
    /** Follow what happens in the space: a snapshot, then state changes. @param {FollowOptions} [options] */
    followSpace(options?: FollowOptions): Following;
    /**
     * Follow what a `subscribe` frame may name; with a snapshot first, unless `after` is told.
     * @param {Record<string, string>} target
     * @param {FollowOptions} [options]
     */
    follow(target: Record<string, string>, options?: FollowOptions): Following;
    /**
     * A thread of the chat; without an id a new one, made by the first `say`. It begins with a snapshot.
     * @param {string | null} [id]
     * @param {FollowOptions} [options]
     */
    thread(id?: string | null, options?: FollowOptions): Thread;
    /**
     * An answer of the REST API, with the same credentials; throws a CallboardError.
     * @param {string} path From `/v1/` on.
     * @returns {Promise<any>}
     */
    get(path: string): Promise<any>;
    /**
     * Any request to the REST API, with the same credentials; throws a CallboardError where it is refused.
     * @param {string} path From `/v1/` on.
     * @param {RequestInit} [init]
     * @returns {Promise<Response>}
     */
    request(path: string, init?: RequestInit): Promise<Response>;
    /** End everything. */
    close(): void;
    #private;
}
/**
 * How a client gets in: a ticket, a function that fetches one, a key (for programs and pages of one's own), or
 * none of these for a page of this deployment on which somebody has signed in.
 */
export type Options = {
    /**
     * Where Callboard is; unless told, where this module came from.
     */
    url?: string | undefined;
    /**
     * A function is asked at every connection.
     */
    ticket?: string | (() => string | Promise<string>) | undefined;
    /**
     * An API key: a web page must not hold one.
     */
    key?: string | undefined;
    /**
     * The id of the space; needed where the credentials reach several, and for `get`.
     */
    space?: string | undefined;
};
/**
 * Where following begins: behind this number (0: with the first event); null: with a snapshot. `space` takes the
 * place of the client's; `threadId` is the chat's own, for tool call ids that are repeated; `signal` ends it.
 */
export type FollowOptions = {
    after?: number | null;
    space?: string;
    threadId?: string;
    signal?: AbortSignal;
};
/**
 * The tool call has no execution yet.
 */
export type Waiting = {
    type: "waiting";
    tool_call_id: string;
};
/**
 * The object as it is after event `seq`.
 */
export type Snapshot = {
    type: "snapshot";
    object: any;
    seq: number | string;
};
export type LiveEvent = {
    type: "event";
    /**
     * Its number; a cursor for a space.
     */
    seq: number | string;
    /**
     * For example `execution.progressed`.
     */
    kind: string;
    data: any;
    /**
     * RFC 3339.
     */
    at: string;
    execution_id?: string | undefined;
    objective_id?: string | undefined;
};
/**
 * Events that retention has removed.
 */
export type Gap = {
    type: "gap";
    from: number | string;
    to: number | string;
};
export type Item = Waiting | Snapshot | LiveEvent | Gap;
export type Status = "idle" | "connecting" | "live" | "lost" | "closed";
export type Listened = {
    waiting: Waiting;
    snapshot: Snapshot;
    event: LiveEvent;
    gap: Gap;
    /**
     * The last event; null where it was not seen.
     */
    ended: LiveEvent | null;
    error: CallboardError;
};
export type Said = {
    thread_id: string;
    message_id?: string;
    queued_id?: string;
    branch_id?: string;
};
/** Requests and addresses with the credentials in them. */
declare class Api {
    /** @param {Options} options */
    constructor({ url, ticket, key }: Options);
    url: URL;
    ticket: string | (() => string | Promise<string>) | undefined;
    key: string | undefined;
    known: string | null;
    /** Whether a refusal may be over with other credentials. */
    get isRenewable(): boolean;
    renew(): Promise<string | null>;
    socketUrl(): Promise<string>;
    /**
     * @param {string} path
     * @param {RequestInit} [init]
     * @returns {Promise<Response>} one that is no refusal
     */
    ask(path: string, init?: RequestInit, isAgain?: boolean): Promise<Response>;
}
/** One socket for all that is followed and said. */
declare class Wire {
    /** @param {Api} api */
    constructor(api: Api);
    listeners: Listeners;
    /** @type {Status} */ status: Status;
    /** @type {CallboardError | null} */ over: CallboardError | null;
    api: Api;
    /** @param {Following} following */
    join(following: Following): void;
    /** @param {Following} following */
    leave(following: Following): void;
    /**
     * @param {string} type
     * @param {Record<string, unknown>} members
     * @returns {Promise<any>} the result that the server tells
     */
    command(type: string, members: Record<string, unknown>): Promise<any>;
    /** Events come without a socket. */
    streamed(): void;
    /** @param {CallboardError} error */
    close(error: CallboardError): void;
    #private;
}
/** What can be listened to, in order of registration. */
declare class Listeners {
    /**
     * @param {string} type
     * @param {(value: any) => void} listener
     */
    add(type: string, listener: (value: any) => void): () => undefined;
    get isEmpty(): boolean;
    /**
     * One that throws keeps nothing from the others; its error is the page's.
     * @param {string} type
     * @param {any} value
     */
    tell(type: string, value: any): void;
    #private;
}
export {};
