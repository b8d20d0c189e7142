"""All tables as of 0001 to 0020, for databases that have none of them."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
import spaces.ids
from django.conf import settings
from django.db import migrations, models
from executions.migrations import _guards, _months
from spaces.migrations._operations import CreateModels


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('executions', '0001_initial'),
        ('executions', '0002_initial'),
        ('executions', '0003_guards'),
        ('executions', '0004_claims_by_space'),
        ('executions', '0005_operators_indexes'),
        ('executions', '0006_operators_find_by_digest'),
        ('executions', '0007_operators_combine_filters'),
        ('executions', '0008_long_material_paths'),
        ('executions', '0009_objectives_are_runs'),
        ('executions', '0010_bodies_of_idempotency_keys'),
        ('executions', '0011_files_are_pinned'),
        ('executions', '0012_pin_files_of_former_executions'),
        ('executions', '0013_events_by_month'),
        ('executions', '0014_no_index_of_chat_ids'),
        ('executions', '0015_long_chat_ids'),
        ('executions', '0016_tool_calls_by_digest'),
        ('executions', '0017_threads_by_digest'),
        ('executions', '0018_operators_find_long_ids'),
        ('executions', '0019_executions_by_end'),
        ('executions', '0020_plainer_failure_reasons'),
    ]

    dependencies = [
        ('spaces', '0001_squashed_0007_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Skill',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='skills', to='spaces.tenant')),
                    ('slug', models.SlugField(db_index=False, max_length=64)),
                    ('created_at', models.DateTimeField()),
                    ('retired_at', models.DateTimeField(blank=True, help_text='A retired skill starts no new run.', null=True)),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('slug', 'tenant'), name='a_tenant_has_a_slug_once', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('slug', 'executions'), _negated=True), name='executions_is_no_slug')],
                },
            ),
            migrations.CreateModel(
                name='SkillVersion',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('skill', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='executions.skill')),
                    ('version', models.CharField(max_length=100)),
                    ('order', models.CharField(db_collation='C', editable=False, max_length=300)),
                    ('kind', models.CharField(max_length=10)),
                    ('description', models.TextField()),
                    ('document', models.JSONField()),
                    ('instructions', models.TextField(blank=True)),
                    ('digest', models.CharField(max_length=64)),
                    ('bundle', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='spaces.blob')),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['skill', '-order'], name='version_newest')],
                    'constraints': [models.UniqueConstraint(fields=('skill', 'version'), name='a_version_is_imported_once')],
                },
            ),
            migrations.CreateModel(
                name='SkillExecution',
                fields=[
                    ('depth', models.PositiveSmallIntegerField(default=0)),
                    ('trace_id', models.CharField(max_length=32)),
                    ('input_tokens', models.BigIntegerField(default=0)),
                    ('output_tokens', models.BigIntegerField(default=0)),
                    ('cost_usd', models.DecimalField(decimal_places=10, default=0, max_digits=18)),
                    ('started_at', models.DateTimeField(null=True)),
                    ('finished_at', models.DateTimeField(null=True)),
                    ('cancel_requested_at', models.DateTimeField(null=True)),
                    ('cancel_requested_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='spaces.tenant')),
                    ('space', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='spaces.space')),
                    ('principal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('skill', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='executions.skill')),
                    ('skill_version', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='executions.skillversion')),
                    ('skill_slug', models.CharField(max_length=64)),
                    ('version', models.CharField(max_length=100)),
                    ('source', models.CharField(choices=[('standalone', 'Standalone'), ('chat', 'Chat'), ('sub_skill', 'Sub-skill'), ('objective', 'Objective'), ('schedule', 'Schedule')], max_length=12)),
                    ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                    ('attempt', models.PositiveSmallIntegerField(default=0)),
                    ('parent', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sub_executions', to='executions.skillexecution')),
                    ('call_key', models.CharField(max_length=200, null=True)),
                    ('retry_of', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='retries', to='executions.skillexecution')),
                    ('superseded_at', models.DateTimeField(null=True)),
                    ('inputs', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder)),
                    ('file_source_ids', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=1024), default=list)),
                    ('model', models.CharField(max_length=100, null=True)),
                    ('outputs', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                    ('error', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True)),
                    ('failure_reason', models.CharField(choices=[('skill_error', 'The skill reported an error or ended with a bad status'), ('invalid_outputs', "The outputs do not match the skill's schema"), ('timeout', 'It exceeded its wall-clock time limit'), ('cpu_limit', 'It exceeded its CPU time limit'), ('memory_limit', 'It exceeded its memory limit'), ('process_limit', 'It exceeded its process limit'), ('output_limit', 'It exceeded its output limit'), ('workspace_limit', 'It exceeded its disk limit'), ('artifact_rejected', 'An artifact is missing, a link, or not a regular file'), ('depth_limit', 'Sub-executions were nested too deeply'), ('not_permitted', 'It requested a capability that the space does not allow'), ('sandbox_error', 'The sandbox could not be set up'), ('worker_lost', 'Its worker was lost'), ('model_error', 'The language model did not answer'), ('bundle_integrity', 'The stored bundle does not match its digest'), ('budget_exceeded', 'It exceeded its budget')], max_length=20, null=True)),
                    ('chat_thread_id', models.CharField(max_length=4096, null=True)),
                    ('chat_message_id', models.CharField(max_length=4096, null=True)),
                    ('chat_tool_call_id', models.CharField(max_length=4096, null=True)),
                    ('dispatch_key', models.BinaryField(max_length=32, null=True)),
                    ('idempotency_key', models.CharField(max_length=255, null=True)),
                    ('request_digest', models.BinaryField(max_length=32)),
                    ('idempotency_digest', models.BinaryField(max_length=32, null=True)),
                    ('wallclock_ms', models.BigIntegerField(null=True)),
                    ('iteration_count', models.PositiveIntegerField(default=0)),
                    ('workspace_archive_id', models.UUIDField(null=True)),
                    ('archive_blob', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='spaces.blob')),
                    ('created_at', models.DateTimeField()),
                    ('continuation_task', models.CharField(max_length=100, null=True)),
                    ('continuation_id', models.UUIDField(null=True)),
                    ('search_text', models.TextField(blank=True)),
                    ('search', models.GeneratedField(db_persist=True, expression=django.contrib.postgres.search.SearchVector('search_text', config='simple'), output_field=django.contrib.postgres.search.SearchVectorField())),
                ],
                options={
                    'indexes': [models.Index(models.F('space'), django.db.models.functions.comparison.Cast(django.db.models.functions.text.MD5('chat_tool_call_id'), models.UUIDField()), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('chat_tool_call_id__isnull', False), ('superseded_at__isnull', True)), name='execution_by_call_digest'), models.Index(fields=['space', '-created_at', '-id'], name='execution_by_space'), models.Index(fields=['space', 'state', '-created_at', '-id'], name='execution_by_state'), models.Index(fields=['space', 'skill_slug', '-created_at', '-id'], name='execution_by_skill'), models.Index(models.F('space'), django.db.models.functions.comparison.Cast(django.db.models.functions.text.MD5('chat_thread_id'), models.UUIDField()), models.OrderBy(models.F('created_at'), descending=True), models.OrderBy(models.F('id'), descending=True), condition=models.Q(('chat_thread_id__isnull', False)), name='execution_by_thread_digest'), models.Index(fields=['space', 'principal', '-created_at', '-id'], name='execution_by_principal'), models.Index(fields=['-created_at', '-id'], name='execution_newest'), models.Index(fields=['state', '-created_at', '-id', 'skill_slug', 'source'], name='execution_newest_by_state'), models.Index(fields=['skill_slug', '-created_at', '-id', 'source'], name='execution_newest_by_skill'), models.Index(fields=['source', '-created_at', '-id'], name='execution_newest_by_source'), models.Index(condition=models.Q(('finished_at__isnull', False)), fields=['state', '-finished_at'], name='execution_by_end'), models.Index(django.db.models.functions.text.MD5('chat_tool_call_id'), condition=models.Q(('chat_tool_call_id__isnull', False)), name='execution_by_any_tool_call'), models.Index(django.db.models.functions.text.MD5('chat_thread_id'), condition=models.Q(('chat_thread_id__isnull', False)), name='execution_by_any_thread'), models.Index(condition=models.Q(('retry_of__isnull', False)), fields=['retry_of'], name='execution_by_retry'), django.contrib.postgres.indexes.GinIndex(fields=['search'], name='execution_search')],
                    'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'succeeded', 'failed', 'cancelled'])), name='state_is_known'), models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('state__in', ['cancelled', 'failed', 'succeeded'])), models.Q(('finished_at__isnull', True), ('state__in', ['queued', 'running'])), _connector='OR'), name='finished_exactly_when_terminal'), models.CheckConstraint(condition=models.Q(models.Q(('failure_reason__isnull', False), ('state', 'failed')), models.Q(models.Q(('state', 'failed'), _negated=True), ('failure_reason__isnull', True)), _connector='OR'), name='a_reason_exactly_when_failed'), models.CheckConstraint(condition=models.Q(models.Q(('call_key__isnull', True), ('parent__isnull', True)), models.Q(('call_key__isnull', False), ('parent__isnull', False)), _connector='OR'), name='a_sub_execution_has_a_call_key'), models.UniqueConstraint(fields=('parent', 'call_key'), name='a_call_key_is_called_once'), models.UniqueConstraint(condition=models.Q(('dispatch_key__isnull', False), ('superseded_at__isnull', True)), fields=('space', 'principal', 'dispatch_key'), name='a_tool_call_is_dispatched_once'), models.UniqueConstraint(condition=models.Q(('idempotency_key__isnull', False)), fields=('space', 'principal', 'idempotency_key'), name='an_idempotency_key_starts_once')],
                },
            ),
            migrations.CreateModel(
                name='Artifact',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('execution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='artifacts', to='executions.skillexecution')),
                    ('relpath', models.CharField(max_length=1024)),
                    ('document_type', models.CharField(max_length=100, null=True)),
                    ('content_type', models.CharField(max_length=100)),
                    ('blob', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='spaces.blob')),
                    ('size_bytes', models.BigIntegerField()),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('execution', 'relpath'), name='a_path_is_committed_once')],
                },
            ),
            migrations.CreateModel(
                name='StagedFile',
                fields=[
                    ('pk', models.CompositePrimaryKey('execution_id', 'position', blank=True, editable=False, primary_key=True, serialize=False)),
                    ('execution', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='staged_files', to='executions.skillexecution')),
                    ('position', models.PositiveSmallIntegerField()),
                    ('name', models.CharField(max_length=255)),
                    ('blob', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='spaces.blob')),
                ],
            ),
            migrations.CreateModel(
                name='LateUsage',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('execution', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='late_usage', to='executions.skillexecution')),
                    ('model', models.CharField(max_length=200, null=True)),
                    ('input_tokens', models.BigIntegerField(default=0)),
                    ('output_tokens', models.BigIntegerField(default=0)),
                    ('cost_usd', models.DecimalField(decimal_places=10, default=0, max_digits=18)),
                    ('created_at', models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name='RunHead',
                fields=[
                    ('run_id', models.UUIDField(primary_key=True, serialize=False)),
                    ('kind', models.CharField(choices=[('execution', 'Skill execution'), ('objective', 'Objective')], max_length=10)),
                    ('space_id', models.UUIDField()),
                    ('state', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('parked', 'Parked'), ('ended', 'Ended')], default='queued', max_length=10)),
                    ('seq', models.BigIntegerField(default=0)),
                    ('last_event_id', models.UUIDField(null=True)),
                    ('fence', models.BigIntegerField(default=0)),
                    ('lease_owner', models.UUIDField(null=True)),
                    ('lease_until', models.DateTimeField(null=True)),
                    ('available_at', models.DateTimeField(null=True)),
                    ('cancel_requested_at', models.DateTimeField(null=True)),
                ],
                options={
                    'indexes': [models.Index(condition=models.Q(('available_at__isnull', False), ('state', 'queued')), fields=['space_id', 'available_at', 'run_id'], name='head_claimable'), models.Index(condition=models.Q(('state', 'running'), models.Q(('available_at__isnull', True), ('state', 'queued')), _connector='OR'), fields=['run_id'], name='head_held')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('lease_owner__isnull', False), ('lease_until__isnull', False), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('lease_owner__isnull', True), ('lease_until__isnull', True)), _connector='OR'), name='a_lease_exactly_while_running')],
                },
            ),
            migrations.CreateModel(
                name='RunEvent',
                fields=[
                    ('pk', models.CompositePrimaryKey('run_id', 'seq', blank=True, editable=False, primary_key=True, serialize=False)),
                    ('run_id', models.UUIDField()),
                    ('seq', models.BigIntegerField()),
                    ('event_id', models.UUIDField()),
                    ('kind', models.CharField(max_length=60)),
                    ('version', models.PositiveSmallIntegerField(default=1)),
                    ('data', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder)),
                    ('at', models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name='FeedHead',
                fields=[
                    ('space_id', models.UUIDField(primary_key=True, serialize=False)),
                    ('epoch', models.UUIDField()),
                    ('n', models.BigIntegerField(default=0)),
                ],
            ),
            migrations.CreateModel(
                name='FeedEntry',
                fields=[
                    ('pk', models.CompositePrimaryKey('space_id', 'n', blank=True, editable=False, primary_key=True, serialize=False)),
                    ('space_id', models.UUIDField()),
                    ('n', models.BigIntegerField()),
                    ('run_id', models.UUIDField()),
                    ('run_seq', models.BigIntegerField()),
                    ('at', models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name='WorkerNode',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('host', models.CharField(max_length=255)),
                    ('pid', models.PositiveIntegerField()),
                    ('concurrency', models.PositiveSmallIntegerField()),
                    ('started_at', models.DateTimeField()),
                    ('seen_at', models.DateTimeField()),
                ],
            ),
        ]),
        migrations.RunSQL(_guards.TERMINAL_GUARD, _guards.DROP_TERMINAL_GUARD),
        migrations.RunSQL(_guards.EVENT_GUARD, _guards.DROP_EVENT_GUARD),
        migrations.RunSQL(_guards.HEAD_ROOM, migrations.RunSQL.noop),
        # The table of events is divided once it is made, and has its guard: the index is made with its parts.
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(_months.split, _months.join)],
            state_operations=[
                migrations.AddIndex(
                    model_name='runevent',
                    index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=['at'], name='event_by_time'),
                ),
            ],
        ),
        # Of what an index of some rows computes PostgreSQL keeps no statistics that it would plan by, so it is told to.
        *(
            migrations.RunSQL(
                f'CREATE STATISTICS {name} ON (md5({column})::uuid) FROM executions_skillexecution',
                f'DROP STATISTICS IF EXISTS {name}',
            )
            for name, column in (
                ('execution_call_digests', 'chat_tool_call_id'),
                ('execution_thread_digests', 'chat_thread_id'),
            )
        ),
    ]
