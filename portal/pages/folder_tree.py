"""The folder tree of an organization (items 88, 89)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.pages.common import Request, signed_in, submit
from portal.pages.forms_people import FolderForm
from portal.pages.organizations import head
from portal.pages.tree import tree_of
from tenants import access
from tenants.errors import Conflict, Forbidden
from tenants.models import Folder, Organization
from tenants.services import folders

METHODS = ["GET", "HEAD", "POST"]


@signed_in
@require_safe
def folders_page(request: Request, organization_id: str) -> HttpResponse:
    """The tree with its cameras and the people who may watch each folder."""
    organization = access.organization_for(request.user, organization_id)
    context = head(request, organization)
    if not context["tabs"].folders:
        raise Forbidden(_("You may not see the folders of this organization."))
    context |= {"tab": "folders", **tree_of(request, organization, people=context["tabs"].people)}
    return render(request, "organizations/folders.html", context)


@signed_in
@require_http_methods(METHODS)
def add(request: Request, organization_id: str) -> HttpResponse:
    """A new folder."""
    organization = access.organization_for(request.user, organization_id, "edit_cameras")
    tree = list(Folder.objects.filter(organization=organization))
    form = FolderForm(request.POST or None, tree=tree, initial={"parent": request.GET.get("parent", "")})
    done = submit(request, form, lambda values: folders.add_folder(organization, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(title)s is added.") % {"title": done.title})
        return redirect("folders", organization_id=organization.pk)
    return shown(request, organization, form, None)


@signed_in
@require_http_methods(METHODS)
def change(request: Request, organization_id: str, folder_id: str) -> HttpResponse:
    """Rename a folder or move it in the tree."""
    organization = access.organization_for(request.user, organization_id, "edit_cameras")
    folder = access.folder_for(request.user, organization, folder_id)
    tree = list(Folder.objects.filter(organization=organization))
    initial = {"title": folder.title, "parent": folder.parent_id or ""}
    form = FolderForm(request.POST or None, tree=tree, folder=folder, initial=initial)
    done = submit(request, form, lambda values: folders.change_folder(folder, acting_user=request.user, **values))
    if done is not None:
        messages.success(request, _("%(title)s is saved.") % {"title": done.title})
        return redirect("folders", organization_id=organization.pk)
    return shown(request, organization, form, folder)


def shown(request: Request, organization: Organization, form: FolderForm, folder: Folder | None) -> HttpResponse:
    context = {"form": form, "folder": folder, "tab": "folders", **head(request, organization)}
    return render(request, "organizations/folder_form.html", context, status=422 if form.errors else 200)


@signed_in
@require_http_methods(METHODS)
def delete(request: Request, organization_id: str, folder_id: str) -> HttpResponse:
    """Delete an empty folder, after asking."""
    organization = access.organization_for(request.user, organization_id, "edit_cameras")
    folder = access.folder_for(request.user, organization, folder_id)
    if request.method == "POST":
        try:
            folders.delete_folder(folder, acting_user=request.user)
            messages.success(request, _("%(title)s is deleted.") % {"title": folder.title})
        except Conflict as error:
            messages.error(request, error.message)
        return redirect("folders", organization_id=organization.pk)
    return render(request, "organizations/folder_delete.html", {"folder": folder, **head(request, organization)})
