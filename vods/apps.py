from django.apps import AppConfig


class VodsConfig(AppConfig):
    name = "vods"
    verbose_name = "VODs"
    default_auto_field = "django.db.models.BigAutoField"
