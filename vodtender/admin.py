"""Users, groups and background jobs in the admin's own look."""

from __future__ import annotations

from allauth.account.admin import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django_q.admin import FailAdmin, QueueAdmin, ScheduleAdmin, TaskAdmin
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

# Nobody signs up and no mail is sent: allauth's addresses would only confuse.
admin.site.unregister(EmailAddress)
for model in (User, Group, Schedule, Success, Failure, OrmQ):
    admin.site.unregister(model)


@admin.register(User)
class StyledUserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc,type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm


@admin.register(Group)
class StyledGroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    pass


@admin.register(Schedule)
class StyledScheduleAdmin(ScheduleAdmin, ModelAdmin):  # type: ignore[misc]
    pass


@admin.register(Success)
class StyledSuccessAdmin(TaskAdmin, ModelAdmin):  # type: ignore[misc]
    pass


@admin.register(Failure)
class StyledFailureAdmin(FailAdmin, ModelAdmin):  # type: ignore[misc]
    pass


@admin.register(OrmQ)
class StyledQueueAdmin(QueueAdmin, ModelAdmin):  # type: ignore[misc]
    pass
