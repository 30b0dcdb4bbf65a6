from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('vods', '0008_daily_limits'),
    ]

    operations = [
        migrations.AddField(
            model_name='vod',
            name='file_missing_at',
            field=models.DateTimeField(blank=True, help_text='Since when the file is missed where it should be.', null=True),
        ),
    ]
