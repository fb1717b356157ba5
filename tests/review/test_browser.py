"""What a reviewer does by hand in the browser."""

import pytest


@pytest.fixture
def keepers(argilla_client):
    """Twenty records about lock keepers: every fifth sleeps, the first four are essays."""
    import argilla as rg

    dataset = rg.Dataset(
        name="keepers",
        workspace="review",
        client=argilla_client,
        settings=rg.Settings(
            fields=[rg.TextField("text", client=argilla_client)],
            questions=[rg.LabelQuestion("verdict", labels=["keep", "drop"], client=argilla_client)],
            metadata=[rg.TermsMetadataProperty("kind", client=argilla_client)],
        ),
    )
    dataset.create()
    dataset.records.log(
        [
            {
                "id": str(number),
                "text": f"The lock keeper number {number} {'works' if number % 5 else 'sleeps'}",
                "kind": "letter" if number > 3 else "essay",
                "verdict": "keep",
            }
            for number in range(20)
        ]
    )
    yield dataset
    dataset.delete()


def test_one_click_signs_in_and_records_are_searched_filtered_and_submitted_with_no_request_leaving_the_machine(
    page, argilla_server, keepers
):
    page.goto(argilla_server.sign_in)
    page.get_by_text("Your datasets").wait_for()
    page.get_by_text("keepers", exact=True).click()
    page.get_by_text("The lock keeper number 0 sleeps").wait_for()
    page.get_by_text("1 of 20").wait_for()

    page.locator(".search-area button").first.click()
    page.get_by_role("search").fill("sleeps")
    page.keyboard.press("Enter")
    page.get_by_text("1 of 4").wait_for()

    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("Metadata", exact=True).click()
    page.get_by_text("kind", exact=True).click()
    page.get_by_text("letter", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_text("1 of 3").wait_for()
    page.get_by_text("The lock keeper number 5 sleeps").wait_for()

    page.get_by_text("Submit", exact=True).click()
    page.get_by_text("The lock keeper number 10 sleeps").wait_for()
    submitted = [record for record in keepers.records(with_responses=True) if record.responses["verdict"]]
    assert [(record.id, record.responses["verdict"][0].value) for record in submitted] == [("5", "keep")]
    assert keepers.progress() == {"total": 20, "completed": 1, "pending": 19}
