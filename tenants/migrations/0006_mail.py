"""Mail, external authentication and demo access have their tables."""

import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import tenants.encryption
import tenants.models.mail
import tenants.scoping
from tenants.security import SecureTables


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_sign_in")]

    operations = [
        migrations.AlterField(
            model_name='token',
            name='purpose',
            field=models.CharField(choices=[('autologin', 'auto-login'), ('password_reset', 'password reset'), ('activation', 'activation'), ('invitation', 'invitation'), ('email', 'e-mail confirmation'), ('refresh', 'JWT refresh'), ('embed', 'embedded player')], max_length=20),
        ),
        migrations.CreateModel(
            name='DemoAccess',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_on', models.BooleanField(default=False, verbose_name='demo access')),
                ('domain', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.domain')),
                ('user', tenants.scoping.ScopedForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(models.F('domain'), name='tenants_demoaccess_once')],
            },
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('secret_id', models.CharField(default=tenants.models.mail.new_secret_id, editable=False, max_length=32)),
                ('template', models.CharField(max_length=50)),
                ('locale', models.CharField(max_length=10)),
                ('recipient', models.EmailField(max_length=254)),
                ('data_sealed', tenants.encryption.EncryptedTextField(blank=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('next_try_at', models.DateTimeField()),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('sent_at', models.DateTimeField(null=True)),
                ('failed_at', models.DateTimeField(null=True)),
                ('error', models.CharField(blank=True, max_length=300)),
                ('domain', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.domain')),
            ],
            options={
                'ordering': ['-id'],
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'indexes': [models.Index(condition=models.Q(('failed_at', None), ('sent_at', None)), fields=['domain', 'next_try_at'], name='tenants_mail_waiting'), models.Index(fields=['domain', '-id'], name='tenants_mail_recent')],
            },
        ),
        migrations.CreateModel(
            name='MailRelay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('secret_id', models.CharField(default=tenants.models.mail.new_secret_id, editable=False, max_length=32)),
                ('host', models.CharField(max_length=253, verbose_name='server')),
                ('port', models.PositiveIntegerField(default=587, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(65535)], verbose_name='port')),
                ('security', models.CharField(choices=[('starttls', 'STARTTLS'), ('tls', 'TLS from the start'), ('none', 'not encrypted')], default='starttls', max_length=10, verbose_name='encryption')),
                ('login', models.CharField(blank=True, max_length=200, verbose_name='login')),
                ('password_sealed', tenants.encryption.EncryptedTextField(blank=True)),
                ('sender', models.EmailField(max_length=254, verbose_name="sender's address")),
                ('sender_name', models.CharField(blank=True, max_length=100, verbose_name="sender's name")),
                ('domain', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.domain')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(models.F('domain'), name='tenants_mailrelay_once')],
            },
        ),
        migrations.CreateModel(
            name='MailTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50)),
                ('locale', models.CharField(max_length=10)),
                ('text', models.TextField(verbose_name='text')),
                ('html', models.TextField(blank=True, verbose_name='HTML')),
                ('domain', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.domain')),
            ],
            options={
                'ordering': ['name', 'locale'],
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(models.F('domain'), models.F('name'), models.F('locale'), name='tenants_mailtemplate_once')],
            },
        ),
        migrations.CreateModel(
            name='OuterDoor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('secret_id', models.CharField(default=tenants.models.mail.new_secret_id, editable=False, max_length=32)),
                ('kind', models.CharField(choices=[('none', "Perch's own database"), ('http', 'HTTP backend'), ('radius', 'RADIUS server')], default='none', max_length=10, verbose_name='who knows the passwords')),
                ('url', models.CharField(blank=True, max_length=500, verbose_name='address')),
                ('method', models.CharField(choices=[('get', 'GET with a query, as documented'), ('post', 'POST with JSON')], default='get', max_length=10, verbose_name='asked by')),
                ('radius_host', models.CharField(blank=True, max_length=253, verbose_name='server')),
                ('radius_port', models.PositiveIntegerField(default=1812, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(65535)], verbose_name='port')),
                ('radius_secret_sealed', tenants.encryption.EncryptedTextField(blank=True)),
                ('require_authenticator', models.BooleanField(default=True, verbose_name='answers must be signed')),
                ('lock_on_reject', models.BooleanField(default=False, verbose_name='disable whom RADIUS rejects')),
                ('cache_days', models.PositiveIntegerField(default=7, validators=[django.core.validators.MaxValueValidator(365)], verbose_name='days a known password stays good')),
                ('domain', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.domain')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(models.F('domain'), name='tenants_outerdoor_once')],
            },
        ),
        migrations.CreateModel(
            name='OuterVerdict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('confirmed_digest', models.CharField(blank=True, max_length=64)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('domain', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tenants.domain', db_constraint=False)),
                ('user_id', models.BigIntegerField()),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(models.F('domain'), models.F('user_id'), name='tenants_outerverdict_once')],
            },
        ),
        SecureTables("DemoAccess", "Mail", "MailRelay", "MailTemplate", "OuterDoor", "OuterVerdict"),
    ]
