from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vods', '0009_file_missing_at'),
    ]

    operations = [
        migrations.AddField(
            model_name='vod',
            name='reserved_bytes',
            field=models.BigIntegerField(default=0, help_text='Space that its running download may use.'),
        ),
    ]
