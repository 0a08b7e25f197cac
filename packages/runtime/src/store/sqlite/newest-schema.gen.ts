// What the migrations lead to in an empty file. Made by `npm run fixtures:database`.

export const newestSchema = `
CREATE TABLE schema_version (
  version bigint not null primary key,
  name text not null,
  checksum text not null,
  applied_at bigint not null
);
CREATE TABLE session (
    seq integer primary key,
    formation_id text not null,
    id text not null,
    user_id text not null,
    created_at bigint not null,
    last_activity bigint not null
  , turns bigint not null default 0, oldest_at bigint);
CREATE UNIQUE INDEX session_by_id on session (formation_id, id);
CREATE INDEX session_by_user on session (formation_id, user_id, last_activity desc);
CREATE TABLE message (
    seq integer primary key,
    session_seq bigint not null,
    id text not null,
    request_id text,
    role text not null,
    content text not null,
    agent_id text,
    metadata text,
    created_at bigint not null
  );
CREATE INDEX message_by_session on message (session_seq, seq);
CREATE TABLE request (
    seq integer primary key,
    formation_id text not null,
    id text not null,
    user_id text not null,
    session_id text not null,
    kind text not null,
    mode text not null,
    status text not null,
    input text,
    webhook_url text,
    idempotency_key text,
    body_hash text,
    created_at bigint not null,
    started_at bigint,
    completed_at bigint,
    error text,
    log text,
    attempts bigint not null,
    run_after bigint not null,
    lease_owner text,
    lease_until bigint,
    cancel_asked bigint not null
  , model text, input_tokens bigint, output_tokens bigint, cached_tokens bigint, cache_write_tokens bigint, agent_id text);
CREATE UNIQUE INDEX request_by_id on request (formation_id, id);
CREATE INDEX request_by_user on request (formation_id, user_id, created_at);
CREATE UNIQUE INDEX request_by_key on request (formation_id, user_id, idempotency_key) where idempotency_key is not null;
CREATE INDEX request_open on request (formation_id, run_after) where completed_at is null;
CREATE TABLE request_step (
    formation_id text not null,
    request_id text not null,
    key text not null,
    result text not null,
    primary key (formation_id, request_id, key)
  ) without rowid;
CREATE TABLE request_part (
    formation_id text not null,
    request_id text not null,
    after_event bigint not null,
    events text not null,
    primary key (formation_id, request_id, after_event)
  ) without rowid;
CREATE TABLE memory (
    seq integer primary key,
    id text not null unique,
    formation_id text not null,
    user_id text not null,
    space text not null,
    scope text not null,
    scope_id text,
    subject text not null,
    collection text not null,
    content text not null,
    metadata text not null,
    source text not null,
    importance double precision not null,
    vector_model text not null,
    created_at bigint not null,
    updated_at bigint not null, words_version bigint not null default 1, source_id text, session_id text, request_id text, message_id text, quote text, said_at bigint, valid_from bigint, expires_at bigint, pinned bigint not null default 0,
    unique (space, subject)
  );
CREATE INDEX memory_by_space on memory (space, seq);
CREATE INDEX memory_by_vector on memory (formation_id, vector_model);
CREATE TABLE memory_word (
    space text not null,
    word text not null,
    memory_seq bigint not null references memory (seq) on delete cascade,
    primary key (space, word, memory_seq)
  ) without rowid;
CREATE INDEX memory_word_by_memory on memory_word (memory_seq);
CREATE TABLE lesson (
    seq integer primary key,
    formation_id text not null,
    user_id text not null,
    session_id text not null,
    request_id text not null,
    said_at bigint not null,
    due bigint not null,
    attempts bigint not null
  , message_seq bigint);
CREATE TABLE synopsis (
    formation_id text not null,
    user_id text not null,
    part text not null,
    text text not null,
    made_at bigint not null,
    primary key (formation_id, user_id, part)
  ) without rowid;
CREATE TABLE ingestion (
    formation_id text not null,
    id text not null,
    user_id text not null,
    accepted bigint not null,
    duplicate bigint not null,
    invalid bigint not null,
    created_at bigint not null,
    primary key (formation_id, id)
  ) without rowid;
CREATE TABLE memory_vector (
    memory_seq bigint primary key references memory (seq) on delete cascade,
    space text not null,
    vector blob not null
  );
CREATE TABLE memory_code (
    seq integer primary key autoincrement,
    space text not null,
    memory_seq bigint not null references memory (seq) on delete cascade,
    model text not null,
    code blob not null
  );
CREATE INDEX memory_code_by_space on memory_code (space, seq);
CREATE INDEX memory_code_by_memory on memory_code (memory_seq);
CREATE TABLE delivery (
    id text not null primary key,
    formation_id text not null,
    user_id text not null,
    request_id text not null,
    event text not null,
    target text not null,
    origin text not null,
    body text,
    status text not null,
    attempts bigint not null,
    run_after bigint not null,
    lease_owner text,
    created_at bigint not null,
    ended_at bigint,
    response_status bigint,
    error text
  ) without rowid;
CREATE INDEX delivery_due on delivery (formation_id, origin, run_after) where status = 'pending';
CREATE INDEX delivery_by_time on delivery (formation_id, created_at);
CREATE TABLE app_user (
    formation_id text not null,
    id text not null,
    owner text not null,
    created_at bigint not null,
    primary key (formation_id, id),
    unique (formation_id, owner)
  ) without rowid;
CREATE TABLE user_identifier (
    formation_id text not null,
    identifier text not null,
    user_id text,
    owner text not null,
    type text not null,
    created_at bigint not null,
    changed_at bigint not null,
    primary key (formation_id, identifier)
  ) without rowid;
CREATE INDEX user_identifier_by_user on user_identifier (formation_id, user_id);
CREATE INDEX user_identifier_by_change on user_identifier (formation_id, changed_at);
CREATE TABLE credential (
    formation_id text not null,
    user_id text not null,
    id text not null,
    service text not null,
    name text not null,
    data text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (formation_id, user_id, id),
    unique (formation_id, user_id, service, name)
  ) without rowid;
CREATE TABLE audit (
    seq integer primary key,
    formation_id text not null,
    id text not null,
    at bigint not null,
    action text not null,
    resource_type text not null,
    resource_id text,
    user_id text,
    request_id text not null,
    ip text not null,
    outcome text not null,
    suppressed bigint not null
  , details text);
CREATE INDEX audit_by_formation on audit (formation_id, seq);
CREATE TABLE job (
    formation_id text not null,
    id text not null,
    user_id text not null,
    type text not null,
    schedule text not null,
    message text not null,
    cron text,
    run_at bigint,
    exclusions text not null,
    timezone text not null,
    status text not null,
    next_run bigint,
    last_run bigint,
    last_run_status text,
    last_run_error text,
    total_runs bigint not null,
    total_failures bigint not null,
    failures_in_row bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    idempotency_key text,
    body_hash text, title text,
    primary key (formation_id, id)
  ) without rowid;
CREATE INDEX job_due on job (formation_id, next_run) where next_run is not null;
CREATE INDEX job_active on job (formation_id, user_id) where status = 'active';
CREATE UNIQUE INDEX job_by_key on job (formation_id, user_id, idempotency_key) where idempotency_key is not null;
CREATE INDEX job_by_user on job (formation_id, user_id, created_at);
CREATE TABLE job_run (
    formation_id text not null,
    job_id text not null,
    due bigint not null,
    user_id text not null,
    request_id text not null,
    status text not null,
    late bigint not null,
    started_at bigint not null,
    ended_at bigint,
    result text,
    error text,
    primary key (formation_id, job_id, due)
  ) without rowid;
CREATE INDEX job_run_by_request on job_run (formation_id, request_id);
CREATE INDEX job_run_at_work on job_run (formation_id, user_id) where status = 'running';
CREATE TABLE scheduler_pulse (
    formation_id text not null primary key,
    seen_at bigint not null
  ) without rowid;
CREATE INDEX request_by_time on request (formation_id, created_at);
CREATE INDEX request_in_session on request (formation_id, session_id) where completed_at is null;
CREATE INDEX memory_old_words on memory (formation_id, seq) where words_version < 2;
CREATE TABLE job_creation (
      formation_id text not null,
      user_id text not null,
      created_at bigint not null,
      job_id text not null,
      primary key (formation_id, user_id, created_at, job_id)
    ) without rowid;
CREATE INDEX lesson_by_user on lesson (formation_id, user_id, seq);
CREATE TABLE hint (
      seq integer primary key autoincrement,
      formation_id text not null,
      topic text not null,
      content text not null,
      created_at bigint not null
    );
CREATE INDEX hint_by_time on hint (created_at);
CREATE INDEX session_by_age on session (formation_id, (coalesce(oldest_at, created_at)));
CREATE INDEX ingestion_by_time on ingestion (formation_id, created_at);
CREATE INDEX job_completed on job (formation_id, updated_at) where status = 'completed';
CREATE TABLE retention_turn (
      formation_id text not null primary key,
      holder text not null,
      until bigint not null
    ) without rowid;
CREATE INDEX delivery_by_request on delivery (formation_id, request_id);
CREATE INDEX delivery_failed on delivery (formation_id, created_at) where status = 'failed';
CREATE TABLE knowledge (
      seq integer primary key,
      formation_id text not null,
      agent_id text not null,
      version bigint not null,
      passages bigint not null,
      holder text not null,
      until bigint not null, documents bigint not null default 0, unread bigint not null default 0, looked bigint not null default 0, found bigint not null default 0, asked_at bigint not null default 0, indexed_at bigint not null default 0, vector_model text not null default '', vectors bigint not null default 0, vector_holder text not null default '', vector_until bigint not null default 0,
      unique (formation_id, agent_id)
    );
CREATE TABLE knowledge_document (
      seq integer primary key autoincrement,
      knowledge_seq bigint not null references knowledge (seq) on delete cascade,
      source text not null,
      digest text not null,
      state text not null,
      failure text,
      passages bigint not null,
      indexed_at bigint not null
    , embedded_by text not null default '', origin text not null default '', version text, changed_at bigint not null default 0);
CREATE INDEX knowledge_document_by_source on knowledge_document (knowledge_seq, source);
CREATE TABLE knowledge_passage (
      id bigint not null primary key,
      content text not null,
      place text not null
    , passage_key text);
CREATE TABLE knowledge_word (
      knowledge_seq bigint not null,
      word text not null,
      best bigint not null,
      document_seq bigint not null references knowledge_document (seq) on delete cascade,
      passages bigint not null,
      places text not null,
      primary key (knowledge_seq, word, best, document_seq)
    ) without rowid;
CREATE INDEX knowledge_word_by_document on knowledge_word (document_seq);
CREATE INDEX user_identifier_by_time on user_identifier (formation_id, created_at, identifier)
      where user_id is not null;
CREATE INDEX job_by_time on job (formation_id, created_at, id);
CREATE INDEX knowledge_document_by_time on knowledge_document (knowledge_seq, indexed_at, seq);
CREATE INDEX knowledge_document_unread on knowledge_document (knowledge_seq, indexed_at, seq)
      where state = 'unread';
CREATE INDEX memory_by_source on memory (space, source, source_id) where source_id is not null;
CREATE INDEX memory_expiring on memory (formation_id, expires_at) where expires_at is not null;
CREATE INDEX memory_pinned on memory (space, seq) where pinned = 1;
CREATE TABLE memory_version (
      seq integer primary key,
      memory_seq bigint not null references memory (seq) on delete cascade,
      space text not null,
      collection text not null,
      content text not null,
      metadata text not null,
      importance double precision not null,
      source text not null,
      source_id text,
      session_id text,
      request_id text,
      message_id text,
      quote text,
      said_at bigint,
      valid_from bigint not null,
      valid_to bigint not null
    );
CREATE INDEX memory_version_by_memory on memory_version (memory_seq, seq);
CREATE INDEX memory_version_by_source on memory_version (space, source, source_id);
CREATE TABLE knowledge_code (
      seq integer primary key autoincrement,
      knowledge_seq bigint not null references knowledge (seq) on delete cascade,
      document_seq bigint not null references knowledge_document (seq) on delete cascade,
      passage bigint not null,
      model text not null,
      digest text not null,
      code blob not null,
      unique (passage, model)
    );
CREATE INDEX knowledge_code_by_model on knowledge_code (knowledge_seq, model, seq);
CREATE INDEX knowledge_code_by_document on knowledge_code (document_seq);
CREATE INDEX knowledge_code_by_digest on knowledge_code (digest);
CREATE TABLE knowledge_vector (
      passage bigint not null,
      model text not null,
      vector blob not null,
      primary key (passage, model)
    );
CREATE INDEX knowledge_passage_by_key on knowledge_passage (passage_key);
CREATE TABLE knowledge_source (
      knowledge_seq bigint not null references knowledge (seq) on delete cascade,
      origin text not null,
      synced_at bigint not null default 0,
      due_at bigint,
      failures bigint not null default 0,
      failure text,
      holder text not null default '',
      until bigint not null default 0,
      primary key (knowledge_seq, origin)
    );
CREATE TABLE tool_approval (
      formation_id text not null,
      user_id text not null,
      tool text not null,
      -- Empty for all sessions of the user.
      session_id text not null,
      created_at bigint not null,
      primary key (formation_id, user_id, tool, session_id)
    );
CREATE INDEX job_run_waiting on job_run (formation_id, request_id) where status = 'waiting';
CREATE TABLE user_deletion (
      formation_id text not null primary key,
      deleted_at bigint not null
    ) without rowid;
CREATE INDEX delivery_by_user on delivery (formation_id, user_id, id);
CREATE INDEX ingestion_by_user on ingestion (formation_id, user_id, id);
CREATE INDEX job_run_by_user on job_run (formation_id, user_id, job_id, due);
CREATE INDEX audit_by_user on audit (formation_id, user_id, seq) where user_id is not null;
CREATE TABLE session_summary (
      session_seq bigint not null,
      kind text not null,
      before_seq bigint not null,
      text text not null,
      details text,
      made_at bigint not null,
      primary key (session_seq, kind, before_seq)
    ) without rowid;
CREATE TABLE summary_task (
      session_seq bigint not null,
      kind text not null,
      formation_id text not null,
      before_seq bigint not null,
      due bigint not null,
      attempts bigint not null,
      primary key (session_seq, kind)
    ) without rowid;
CREATE INDEX summary_task_due on summary_task (formation_id, due);
CREATE TABLE summary_omission (
      session_seq bigint not null,
      request_id text not null,
      primary key (session_seq, request_id)
    ) without rowid;
CREATE TABLE usage_by_day (
      formation_id text not null,
      user_id text not null,
      day bigint not null,
      agent_id text not null,
      model text not null,
      requests bigint not null,
      failed bigint not null,
      input_tokens bigint not null,
      output_tokens bigint not null,
      cached_tokens bigint not null,
      cache_write_tokens bigint not null,
      primary key (formation_id, user_id, day, agent_id, model)
    ) without rowid;
CREATE INDEX usage_by_day_in_time on usage_by_day (formation_id, day);
insert into schema_version (version, name, checksum, applied_at) values (1, 'first schema', 'a67e9cf5aa86b56a', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (2, 'requests by time', 'adaa222b3300ba50', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (3, 'room for request updates', 'e3b0c44298fc1c14', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (4, 'turns of a session', '91bd5b8b59e6650f', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (5, 'version of words', 'b54abc86053d6c1f', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (6, 'title of a job', '8b884559f54ee935', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (7, 'creations of jobs', 'f2f83a7ca8435a08', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (8, 'tokens of a request', '3d5346922a64701c', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (9, 'lessons of users', '454d1f3778b2164c', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (10, 'agent of a request', '02724f1d241c052f', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (11, 'hints as rows', '51c09fd56d74358b', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (12, 'age of rows', '80e4221d525d605d', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (13, 'deliveries of requests', '15e0036b811e4a2f', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (14, 'knowledge', 'd15af8ec349a4fc9', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (15, 'lists by time', '9e65ccd6e65f73a4', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (16, 'state of knowledge', '7043f189d8ffbe88', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (17, 'origins of memories', 'e1bcc55eaa468fd2', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (18, 'vectors of passages', '0389c768255fda47', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (19, 'keys of passages', '9815d42e4d2c2585', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (20, 'sources elsewhere', '72b3604ef419bbba', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (21, 'approvals of tools', 'dc456961629e62b1', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (22, 'changes of documents', '7ed7171c4111ca2d', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (23, 'runs that wait', '1989619abfedd0ec', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (24, 'deleted users', 'f1dd267d38e4d841', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (25, 'summaries of sessions', '6b1b1ff9b9682392', cast(unixepoch('subsec') * 1000 as integer));
insert into schema_version (version, name, checksum, applied_at) values (26, 'usage by day', 'c5fa9f537508fb2f', cast(unixepoch('subsec') * 1000 as integer));
`;
