"""Skills come in as zips through the admin, and are retired there."""

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from executions.actions.creation import find_version
from executions.models import Skill, SkillVersion
from spaces.errors import NotFound
from tests.admin.desk import client_of, make_staff, operator_client
from tests.factories import ECHO, SKILL_MD, make_skill, make_tenant

pytestmark = pytest.mark.django_db
ADD = "/admin/executions/skill/add/"


def zipped(
    *,
    slug: str = "greet",
    version: str = "1.0.0",
    script: str = ECHO,
    extra: tuple[tuple[str, str], ...] = (),
) -> SimpleUploadedFile:
    """A bundle as a browser uploads it."""
    text = SKILL_MD.format(
        slug=slug, version=version, max_attempts=1, skills="[]", limits="{}", outputs="{type: object}"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in [("SKILL.md", text), ("scripts/run.py", script), *extra]:
            archive.writestr(f"{slug}/{name}", content)
    return SimpleUploadedFile(f"{slug}.zip", packed.getvalue())


def test_a_zip_becomes_a_version_that_a_tenant_can_start():
    tenant = make_tenant()

    answer = operator_client().post(ADD, {"bundle": zipped(), "tenant": tenant.pk}, follow=True)

    assert "greet 1.0.0 is imported." in answer.content.decode()
    assert find_version(tenant.id, "greet")[0].version == "1.0.0"
    with pytest.raises(NotFound):
        find_version(make_tenant().id, "greet")


def test_the_same_zip_again_changes_nothing():
    client = operator_client()
    client.post(ADD, {"bundle": zipped()})

    answer = client.post(ADD, {"bundle": zipped()}, follow=True)

    assert "was imported before, with the same content" in answer.content.decode()
    assert SkillVersion.objects.count() == 1


@pytest.mark.parametrize(
    ("bundle", "problem"),
    [
        (SimpleUploadedFile("x.zip", b"no zip at all"), "the zip cannot be read"),
        (zipped(extra=(("../../escape.py", ""),)), "escape.py"),
        (zipped(extra=(("SKILL.md/odd", ""),)), "both a file and the folder"),
        (zipped(slug="Executions!"), "name:"),
    ],
    ids=["no zip", "slip", "collision", "name"],
)
def test_what_is_wrong_with_a_zip_is_said_beside_the_field(bundle: SimpleUploadedFile, problem: str):
    answer = operator_client().post(ADD, {"bundle": bundle})

    assert answer.status_code == 200
    assert problem in answer.content.decode()
    assert not Skill.objects.exists()


STOCK = "---\nname: {slug}\ndescription: Greets.\nallowed-tools: Read WebFetch\n---\nGreet.\n"


def repository(*slugs: str) -> SimpleUploadedFile:
    """Public skills as a repository's zip has them, and one that is none."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for slug in slugs:
            archive.writestr(f"repo-main/skills/{slug}/SKILL.md", STOCK.format(slug=slug))
            archive.writestr(f"repo-main/skills/{slug}/.env", "SECRET=1")
        archive.writestr("repo-main/skills/broken/SKILL.md", "---\nname: broken\n---\nx")
        archive.writestr("repo-main/README.md", "Skills.")
    return SimpleUploadedFile("repo.zip", packed.getvalue())


def test_what_a_repository_holds_is_shown_before_it_is_imported():
    client = operator_client()

    shown = client.post(ADD, {"bundle": repository("greet", "wave"), "version": "2.0.0", "preview": ""})

    page = shown.content.decode()
    assert not Skill.objects.exists()
    for told in (
        "greet",
        "wave",
        "2.0.0",
        "nothing here is WebFetch",
        "left out: .env",
        "description: is missing",
    ):
        assert told in page
    kept = shown.context["form"].initial["kept"]

    done = client.post(ADD, {"kept": kept, "version": "2.0.0", "import": ""}, follow=True).content.decode()

    assert "wave 2.0.0 is imported." in done
    assert "repo-main/skills/broken is refused: description: is missing" in done
    assert set(SkillVersion.objects.values_list("skill__slug", "version")) == {
        ("greet", "2.0.0"),
        ("wave", "2.0.0"),
    }


def test_several_zips_are_taken_at_once():
    answer = operator_client().post(ADD, {"bundle": [zipped(), zipped(slug="wave")]}, follow=True)

    assert "wave 1.0.0 is imported." in answer.content.decode()
    assert Skill.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"tenant": ""}, "This field is required."),
        ({"kept": "forged"}, "no longer there"),
        ({"bundle": zipped(), "version": "one"}, "&#x27;one&#x27; is not a semantic version"),
    ],
    ids=["nothing", "forged", "version"],
)
def test_what_cannot_be_imported_is_said(fields: dict[str, object], told: str):
    answer = operator_client().post(ADD, fields)

    assert told in answer.content.decode()
    assert not Skill.objects.exists()


def test_other_content_under_a_known_version_is_refused():
    client = operator_client()
    client.post(ADD, {"bundle": zipped()})

    answer = client.post(ADD, {"bundle": zipped(script="print()")})

    assert "is already imported with other content" in answer.content.decode()
    assert SkillVersion.objects.count() == 1


def test_a_retired_skill_cannot_be_started_until_it_is_restored():
    version, tenant = make_skill(), make_tenant()
    client = operator_client()
    page = f"/admin/executions/skill/{version.skill_id}"

    assert "Retire this skill?" in client.get(f"{page}/retire/").content.decode()
    assert find_version(tenant.id, "echo")
    client.post(f"{page}/retire/", {"_form_submitted": "on"})
    with pytest.raises(NotFound):
        find_version(tenant.id, "echo")
    assert f"{page}/restore/" in client.get(f"{page}/change/").content.decode()
    client.post(f"{page}/restore/", {"_form_submitted": "on"})

    assert find_version(tenant.id, "echo")


def test_staff_import_and_retire_only_where_they_may():
    version = make_skill()
    viewer = client_of(make_staff(permissions=("view_skill",)))
    keeper = client_of(make_staff(permissions=("view_skill", "add_skill"), email="keeper@example.com"))

    assert viewer.post(ADD, {"bundle": zipped()}).status_code == 403
    assert keeper.post(ADD, {"bundle": zipped()}).status_code == 302
    url = f"/admin/executions/skill/{version.skill_id}/retire/"
    assert keeper.post(url, {"_form_submitted": "on"}).status_code == 403
    assert viewer.post("/admin/executions/skill/nonsense/retire/").status_code in {403, 404}
