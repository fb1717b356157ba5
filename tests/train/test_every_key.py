"""No setting of training and export is dead: each is changed, and an argument of the trainer, a row or a file changes with it."""

from pathlib import Path
from typing import Any

import pytest

from likeness.recipe.schema import Evaluate, Export, Gates, Preference, SamplingSettings, Train
from tests.curate import test_reference
from tests.make import House, keys_of
from tests.train import (
    test_bases,
    test_evaluate,
    test_forecast,
    test_hosted,
    test_preference,
    test_probes,
    test_processes,
    test_replay,
    test_run,
    test_watch,
)
from train import preference, sft
from train.data import Row, Rows

pytestmark = pytest.mark.slow

ROWS = Rows(train=[Row(str(n), [1, 2], [1, 2]) for n in range(64)], validation=[Row("held", [1, 2], [1, 2])])


EXPORTED = {"export.publisher", "export.gguf"} | {f"export.sampling.{key}" for key in SamplingSettings.model_fields}


def arguments(settings: Train, tmp_path: Path) -> Any:
    """What trl is given."""
    given = sft._arguments(settings, ROWS, tmp_path, tmp_path / "checkpoints").to_dict()
    return {name: value for name, value in given.items() if name != "logging_dir"}


def preferred(settings: Train, tmp_path: Path) -> Any:
    """What trl is given for preference training."""
    given = settings.preference or Preference()
    return preference._arguments(given, settings, 64, tmp_path / "checkpoints").to_dict()


def adapter(settings: Train, _: Path) -> Any:
    """What peft is given."""
    return sft._lora(settings).to_dict()


TRAINER = {
    "sft.epochs": 7,
    "sft.learning_rate": 0.5,
    "sft.batch_size": 32,
    "sft.micro_batch_size": 2,
    "sft.warmup": 0.5,
    "sft.evaluations_per_epoch": 9,
    "gradient_checkpointing": True,
    "launch.processes": 2,
    "seed": 99,
}
PREFERENCE = {
    "preference.epochs": 7,
    "preference.learning_rate": 0.5,
    "preference.beta": 2.0,
    "preference.batch_size": 2,
}
ADAPTER = {"lora.r": 3, "lora.alpha": 5, "lora.dropout": 0.5, "lora.target_modules": ["q_proj"]}
ADAPTER |= {"lora.rslora": True, "lora.dora": True}
SHOWN_BY_USE = {
    "train.base_model": test_bases.test_the_same_sizes_with_other_content_are_another_base,
    "train.backend": test_hosted.test_a_host_trains_answers_and_is_measured,
    "train.hosted.host": test_hosted.test_the_plan_needs_no_key_and_sends_nothing,
    "train.hosted.url": test_hosted.test_a_host_trains_answers_and_is_measured,
    "train.hosted.budget_usd": test_hosted.test_a_budget_is_kept_before_anything_is_sent,
    "train.hosted.usd_per_million_tokens": test_hosted.test_a_budget_is_kept_before_anything_is_sent,
    "train.continue": test_run.test_a_run_goes_on_from_an_earlier_one,
    "train.launch.config": test_processes.test_our_configurations_are_what_their_names_say,
    "train.method": test_run.test_qlora_trains_and_its_adapter_is_merged_onto_either_base,
    "export.merge.base": test_run.test_qlora_trains_and_its_adapter_is_merged_onto_either_base,
    "train.preference.method": test_preference.test_chosen_answers_gain_on_rejected_ones,
    "train.sft.known_last": test_evaluate.test_what_the_base_does_not_know_is_learnt_first,
    "train.replay.share": test_replay.test_the_base_is_asked_once_and_forgets_less,
    "train.sft.max_length": test_run.test_rows_that_are_too_long_are_left_out_and_counted,
    "evaluate.cells": test_probes.test_the_cells_are_all_combinations_of_the_layers,
    "evaluate.samples": test_evaluate.test_a_run_killed_while_it_asks_goes_on_with_what_it_has,
    "evaluate.strengths": test_evaluate.test_the_dial_measures_each_strength,
    "evaluate.merge_best": test_evaluate.test_the_best_strength_is_merged_when_the_recipe_says_so,
    **{f"evaluate.gates.{name}": test_probes.test_gates_hold_probes_against_the_recipe for name in Gates.model_fields},
    "export.knowledge": test_reference.test_the_author_travels_as_numbers_and_passages_only_when_asked,
    "train.sft.packing": test_forecast.test_packed_rows_share_passes_and_their_advice_pads_them,
    "train.report_to": test_watch.test_the_figures_go_where_the_recipe_says,
    "train.sft.turns": test_bases.test_every_answer_of_a_conversation_can_be_learnt,
}
"""Keys that other tests change, and see what comes of it."""


def patience(settings: Train, _: Path) -> Any:
    return [callback.early_stopping_patience for callback in sft._callbacks(settings, ROWS)]


def changed(key: str, value: Any) -> Train:
    plain: dict[str, Any] = {"base_model": "builtin:tiny"}
    *parents, last = key.split(".")
    at = plain
    for parent in parents:
        at = at.setdefault(parent, {})
    at[last] = value
    return Train.model_validate(plain)


def test_every_key_of_train_is_looked_at():
    keys = [f"train.{key}" for key in keys_of(Train)] + [f"export.{key}" for key in keys_of(Export)]
    keys += [f"evaluate.{key}" for key in keys_of(Evaluate)]
    changed_here = {f"train.{key}" for key in (*TRAINER, *ADAPTER, *PREFERENCE, "sft.patience")} | EXPORTED
    assert set(keys) == changed_here | set(SHOWN_BY_USE)


def test_patience_is_how_many_evaluations_may_bring_nothing(tmp_path):
    assert patience(changed("sft.patience", 5), tmp_path) == [5]


@pytest.mark.parametrize("key", [*TRAINER, *ADAPTER, *PREFERENCE])
def test_a_change_of_the_key_changes_what_the_libraries_are_given(key, tmp_path, tiny):
    look = arguments if key in TRAINER else preferred if key in PREFERENCE else adapter
    value = (TRAINER | ADAPTER | PREFERENCE)[key]
    folder = tiny if key in TRAINER else tmp_path
    assert look(changed(key, value), folder) != look(Train(base_model="builtin:tiny"), folder)


def test_the_keys_of_export_change_the_files(trained: tuple[House, dict[str, Any]]):
    house, said = trained
    assert [Path(file).relative_to(said["run"]).as_posix() for file in said["gguf"]] == ["export/me/kitchen/kitchen-q8_0.gguf"]
    recipe = house.write(
        "other",
        "train: {sft: {epochs: 1}}\nexport: {publisher: house, gguf: [q4_k_m], sampling: {temperature: 0.4, min_p: 0.2, repeat_penalty: 1.3}}\n",
    )
    house.call("curate", "build", recipe)
    said = house.json("train", "run", recipe)
    assert [Path(file).relative_to(said["run"]).as_posix() for file in said["gguf"]] == ["export/house/other/other-q4_k_m.gguf"]
    lines = (Path(said["gguf"][0]).parent / "Modelfile").read_text().splitlines()
    assert {"PARAMETER temperature 0.4", "PARAMETER min_p 0.2", "PARAMETER repeat_penalty 1.3"} <= set(lines)
