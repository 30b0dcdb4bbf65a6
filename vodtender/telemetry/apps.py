from django.apps import AppConfig


class TelemetryConfig(AppConfig):
    name = "vodtender.telemetry"
    label = "telemetry"
    verbose_name = "Telemetry"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from vodtender.telemetry import tasks  # noqa: PLC0415 - needs the app registry

        tasks.connect()
