from django.apps import AppConfig


class VodtenderConfig(AppConfig):
    """The project itself as an app: its commands and its system checks."""

    name = "vodtender"
    verbose_name = "vod-tender"

    def ready(self) -> None:
        from vodtender import checks  # noqa: F401, PLC0415 - registers the checks
