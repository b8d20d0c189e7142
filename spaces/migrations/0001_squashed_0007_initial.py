"""All tables as of 0001 to 0007, for databases that have none of them."""

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import spaces.ids
from django.conf import settings
from django.db import migrations, models
from spaces.migrations._operations import CreateModels


class Migration(migrations.Migration):

    initial = True

    replaces = [
        ('spaces', '0001_initial'),
        ('spaces', '0002_tickets_rest_on_sessions'),
        ('spaces', '0003_keys_and_spaces_of_the_workspace_api'),
        ('spaces', '0004_patience_with_providers'),
        ('spaces', '0005_tickets_for_one_thing'),
        ('spaces', '0006_used_idempotency_keys'),
        ('spaces', '0007_plainer_help_texts'),
    ]

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        CreateModels([
            migrations.CreateModel(
                name='Tenant',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('name', models.CharField(max_length=200)),
                    ('created_at', models.DateTimeField()),
                    ('webhook_secret', models.BinaryField(null=True)),
                    ('webhook_secret_key', models.CharField(blank=True, default='', editable=False, max_length=40)),
                    ('challenge_token', models.BinaryField(null=True)),
                    ('challenge_token_key', models.CharField(blank=True, default='', editable=False, max_length=40)),
                ],
            ),
            migrations.CreateModel(
                name='Space',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='spaces', to='spaces.tenant')),
                    ('name', models.CharField(max_length=200)),
                    ('description', models.TextField(blank=True, default='')),
                    ('external_id', models.CharField(blank=True, default='', max_length=255)),
                    ('labels', models.JSONField(blank=True, default=dict)),
                    ('permitted_tools', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list)),
                    ('allowed_models', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list)),
                    ('default_model', models.CharField(blank=True, default='', max_length=100)),
                    ('run_budget_usd', models.DecimalField(blank=True, decimal_places=4, help_text='Most that one run may cost.', max_digits=12, null=True)),
                    ('provider_patience_seconds', models.PositiveIntegerField(default=86400, help_text="How long an agent waits for a model's provider that is unavailable, before it fails; 86400 is a day, 0 is not at all.", validators=[django.core.validators.MaxValueValidator(2592000)])),
                    ('created_at', models.DateTimeField()),
                    ('archived_at', models.DateTimeField(blank=True, null=True)),
                ],
                options={
                    'indexes': [models.Index(fields=['tenant', 'created_at'], name='space_by_tenant')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('tenant', 'external_id'), name='an_external_id_names_one_space')],
                },
            ),
            migrations.CreateModel(
                name='Principal',
                fields=[
                    ('password', models.CharField(max_length=128, verbose_name='password')),
                    ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                    ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='principals', to='spaces.tenant')),
                    ('kind', models.CharField(choices=[('person', 'Person'), ('machine', 'Machine')], default='person', max_length=10)),
                    ('email', models.EmailField(blank=True, max_length=254, null=True, unique=True)),
                    ('display_name', models.CharField(max_length=200)),
                    ('is_active', models.BooleanField(default=True)),
                    ('is_staff', models.BooleanField(default=False, help_text='May open the admin, which shows all tenants.')),
                    ('created_at', models.DateTimeField()),
                    ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                    ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
                ],
                options={
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('kind', 'person'), _negated=True), ('email__isnull', False), _connector='OR'), name='a_person_has_an_email'), models.CheckConstraint(condition=models.Q(('is_staff', False), ('tenant__isnull', True), _connector='OR'), name='staff_belong_to_no_tenant')],
                },
            ),
            migrations.CreateModel(
                name='ApiKey',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to='spaces.tenant')),
                    ('principal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=255)),
                    ('description', models.TextField(blank=True, default='')),
                    ('external_id', models.CharField(blank=True, default='', max_length=255)),
                    ('labels', models.JSONField(blank=True, default=dict)),
                    ('is_default', models.BooleanField(default=False, help_text="The tenant's first key.")),
                    ('prefix', models.CharField(editable=False, max_length=16, unique=True)),
                    ('digest', models.BinaryField(max_length=32)),
                    ('permissions', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), default=list)),
                    ('all_spaces', models.BooleanField(default=False)),
                    ('created_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField(blank=True, null=True)),
                    ('disabled_at', models.DateTimeField(blank=True, null=True)),
                    ('revoked_at', models.DateTimeField(blank=True, null=True)),
                    ('last_used_at', models.DateTimeField(blank=True, editable=False, null=True)),
                    ('spaces', models.ManyToManyField(blank=True, related_name='api_keys', to='spaces.space')),
                ],
                options={
                    'verbose_name': 'API key',
                    'indexes': [models.Index(fields=['tenant', 'created_at', 'id'], name='key_by_tenant')],
                    'constraints': [models.UniqueConstraint(condition=models.Q(('external_id', ''), _negated=True), fields=('tenant', 'external_id'), name='an_external_id_names_one_key')],
                },
            ),
            migrations.CreateModel(
                name='Blob',
                fields=[
                    ('sha256', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                    ('size_bytes', models.BigIntegerField(editable=False)),
                    ('created_at', models.DateTimeField(editable=False)),
                    ('touched_at', models.DateTimeField(editable=False, help_text='Last time a new reference to it was made.')),
                ],
            ),
            migrations.CreateModel(
                name='Membership',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('space', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='spaces.space')),
                    ('principal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL)),
                    ('role', models.CharField(choices=[('viewer', 'Viewer'), ('member', 'Member'), ('admin', 'Admin')], default='member', max_length=10)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'constraints': [models.UniqueConstraint(fields=('space', 'principal'), name='a_principal_is_in_a_space_once')],
                },
            ),
            migrations.CreateModel(
                name='Ticket',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('digest', models.BinaryField(max_length=32, unique=True)),
                    ('principal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('api_key', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='spaces.apikey')),
                    ('session_key', models.CharField(editable=False, max_length=40, null=True)),
                    ('space', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='spaces.space')),
                    ('kind', models.CharField(editable=False, max_length=20, null=True)),
                    ('name', models.TextField(editable=False, null=True)),
                    ('thread_id', models.TextField(editable=False, null=True)),
                    ('may', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), editable=False, null=True)),
                    ('created_at', models.DateTimeField()),
                    ('expires_at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['expires_at'], name='ticket_by_expiry')],
                    'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('api_key__isnull', False), ('session_key__isnull', True)), models.Q(('api_key__isnull', True), ('session_key__isnull', False)), _connector='OR'), name='a_ticket_rests_on_a_key_or_a_session'), models.CheckConstraint(condition=models.Q(models.Q(('kind__isnull', False), ('may__isnull', False), ('name__isnull', False), ('space__isnull', False)), models.Q(('kind__isnull', True), ('may__isnull', True), ('name__isnull', True), ('space__isnull', True), ('thread_id__isnull', True)), _connector='OR'), name='a_ticket_is_for_one_thing_or_for_all')],
                },
            ),
            migrations.CreateModel(
                name='UploadedFile',
                fields=[
                    ('id', models.UUIDField(default=spaces.ids.new_id, editable=False, primary_key=True, serialize=False)),
                    ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='spaces.tenant')),
                    ('principal', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='files', to=settings.AUTH_USER_MODEL)),
                    ('name', models.CharField(max_length=255)),
                    ('blob', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='spaces.blob')),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['principal', 'name', '-created_at'], name='file_by_name')],
                },
            ),
            migrations.CreateModel(
                name='UsedKey',
                fields=[
                    ('id', models.BigAutoField(primary_key=True, serialize=False)),
                    ('space', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='spaces.space')),
                    ('principal', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('key_digest', models.BinaryField(max_length=32)),
                    ('request_digest', models.BinaryField(max_length=32)),
                    ('made', models.UUIDField(null=True)),
                    ('created_at', models.DateTimeField()),
                ],
                options={
                    'indexes': [models.Index(fields=['created_at'], name='used_key_by_time')],
                    'constraints': [models.UniqueConstraint(fields=('space', 'principal', 'key_digest'), name='an_idempotency_key_is_used_once')],
                },
            ),
        ]),
    ]
