"""The forms of organizations, folders, members, users and API keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.pages.folders import indented
from portal.pages.forms import PerchForm, RowField
from tenants.models import Folder, Membership, User
from tenants.services import folders, languages

OFFERED = 50  # people to choose an owner from; the page of all is beside it


class OrganizationForm(PerchForm):
    """A subscriber's general tab (items 31, 32)."""

    title = forms.CharField(label=_("Title"), max_length=200)
    owner: forms.ModelChoiceField[User] = RowField(
        label=_("Owner"), queryset=None, required=False, empty_label=_("Nobody yet"),
        help_text=_("May do everything in the organization, and pays. Without an owner nobody edits its cameras."),
    )  # fmt: skip
    camera_limit = forms.IntegerField(label=_("Cameras at most"), min_value=1, max_value=1_000_000)
    user_limit = forms.IntegerField(label=_("Users at most"), min_value=1, max_value=1_000_000)
    dvr_limit = forms.IntegerField(label=_("Archive at most, GB"), min_value=1, max_value=10_000_000)
    external_id = forms.CharField(
        label=_("External id"), max_length=128, required=False, help_text=_("Its number in your own system.")
    )

    def __init__(self, *args: Any, owners: Any, shown: Iterable[User] = (), **kwargs: Any) -> None:
        """`owners` may be chosen, of whom the first and those in `shown` are offered: an ISP has very many people."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["owner"]
        field.queryset = owners
        offered = {person.pk: str(person) for person in [*shown, *owners.order_by("login", "id")[:OFFERED]]}
        field.widget.choices = [("", field.empty_label), *offered.items()]


class FolderForm(PerchForm):
    """A folder's name and place in the tree."""

    title = forms.CharField(label=_("Title"), max_length=200)
    parent = forms.ChoiceField(label=_("Inside"), required=False)

    def __init__(self, *args: Any, tree: list[Folder], folder: Folder | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        below = folders.subtree(folder) if folder else set()
        self.places = {str(each.pk): each for each in tree if each.pk not in below}
        choices = [choice for choice in indented(tree) if choice[0] in self.places]
        self.fields["parent"].choices = [("", _("The top")), *choices]  # type: ignore[attr-defined]

    def clean_parent(self) -> Folder | None:
        """The folder above, out of the organization's own."""
        return self.places.get(self.cleaned_data["parent"])


class RightsForm(PerchForm):
    """What a member may do in an organization (item 68)."""

    can_edit_cameras = forms.BooleanField(
        label=_("Edits cameras"), required=False,
        help_text=_("Adds cameras and changes their settings. To watch them, open folders to the person below."),
    )  # fmt: skip
    can_edit_users = forms.BooleanField(
        label=_("Edits users"),
        required=False,
        help_text=_("Adds people to the organization and opens folders to them."),
    )
    can_view_stats = forms.BooleanField(label=_("Sees statistics"), required=False)
    can_view_person_lists = forms.BooleanField(label=_("Sees lists of persons"), required=False)
    can_edit_person_lists = forms.BooleanField(label=_("Edits lists of persons"), required=False)
    is_accountant = forms.BooleanField(
        label=_("Sees the bill"), required=False, help_text=_("Usage and invoices of the organization.")
    )


class MemberForm(RightsForm):
    """Somebody new in an organization: a login known already, or a new account."""

    login = forms.CharField(
        label=_("Login"), max_length=254, widget=forms.TextInput(attrs={"autocapitalize": "none"}),
        help_text=_("Somebody you can see already is simply added; for a new login an account is made."),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    password = forms.CharField(
        label=_("Password"), required=False, strip=False,
        help_text=_("For a new account, at least eight characters. Empty: a link to set it goes to the e-mail."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    field_order = ["login", "name", "email", "password"]


def rights_of(membership: Membership) -> dict[str, bool]:
    """A member's rights as the form shows them."""
    return {name: getattr(membership, name) for name in RightsForm.base_fields}


class UserForm(PerchForm):
    """An account (items 60, 76), for administrators."""

    login = forms.CharField(
        label=_("Login"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"), required=False, strip=False, help_text=_("At least eight characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), max_length=64, required=False)
    notification_email = forms.EmailField(
        label=_("E-mail for notifications"), required=False, help_text=_("Empty: the e-mail.")
    )
    locale = forms.ChoiceField(label=_("Language"), required=False)
    external_id = forms.CharField(
        label=_("External id"), max_length=128, required=False, help_text=_("What another system calls the person.")
    )
    note = forms.CharField(label=_("Note"), required=False, widget=forms.Textarea(attrs={"rows": "2"}))
    is_active = forms.BooleanField(
        label=_("Enabled"), required=False, help_text=_("Off: signed out everywhere at once, and cannot sign in.")
    )
    is_admin = forms.BooleanField(
        label=_("Administrator"), required=False, help_text=_("May do everything at this provider.")
    )
    is_accountant = forms.BooleanField(
        label=_("Accountant"),
        required=False,
        help_text=_("Plans, usage and invoices of all organizations; no cameras."),
    )
    can_view_organizations = forms.BooleanField(label=_("Sees all organizations"), required=False)
    can_edit_organizations = forms.BooleanField(label=_("Edits organizations"), required=False)
    can_edit_settings = forms.BooleanField(label=_("Edits settings"), required=False)
    is_readonly = forms.BooleanField(
        label=_("Read only"), required=False, help_text=_("Changes nothing, whatever else is allowed.")
    )
    max_sessions = forms.IntegerField(
        label=_("Sessions at once"),
        required=False,
        min_value=1,
        max_value=1000,
        help_text=_("Empty: as for everybody."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["locale"].choices = [("", _("As the provider's")), *languages.choices()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """An empty password is no change."""
        values = dict(super().clean() or {})
        if not values.get("password"):
            values.pop("password", None)
        return values
