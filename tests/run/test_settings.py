import pytest

from heldout.errors import SettingError
from heldout.run.settings import TrainSettings, config_schema, read_config, seconds, settings_from


@pytest.mark.parametrize(
    ("text", "expected"), [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5m", 90), (12, 12), ("1m30", 90)]
)
def test_durations_are_read_as_people_write_them(text, expected):
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "10 minutes", "-5", "5d", True])
def test_a_text_that_is_no_duration_is_refused(text):
    with pytest.raises(SettingError, match="not a duration"):
        seconds(text)


def test_an_unknown_setting_is_refused_with_the_nearest_name():
    with pytest.raises(SettingError, match="did you mean 'folds'") as caught:
        settings_from({"data": "iris", "fold": 3})
    assert "fold" in caught.value.what


def test_all_bad_values_are_named_at_once():
    with pytest.raises(SettingError, match="folds is 1") as caught:
        TrainSettings(data="iris", folds=1, test_share=2.0, seed="x")
    assert "test_share is 2.0" in caught.value.what
    assert "seed is 'x'" in caught.value.what


def test_a_whole_number_setting_refuses_true():
    with pytest.raises(SettingError, match="not a whole number"):
        TrainSettings(data="iris", folds=True)


def test_settings_survive_the_way_through_yaml(tmp_path):
    import yaml

    before = TrainSettings(data="a b.csv", target="größe", models=("k-nn", "tree"), time=12.5)
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(before.changed(), allow_unicode=True), "utf-8")
    assert settings_from(read_config(path)) == before


def test_the_hash_is_of_what_decides_the_result():
    one = TrainSettings(data="iris", seed=1)
    assert one.hash() == TrainSettings(data="iris", seed=1, time=60, jobs=2, mirror="m").hash()
    assert one.hash() != TrainSettings(data="iris", seed=2).hash()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n- b\n", "one setting"),
        ("a: [", "not valid YAML"),
        ("a: &x 1\nb: *x\n", "aliases are not allowed"),
        ("!!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_a_hostile_or_broken_config_is_refused(tmp_path, text, message):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(SettingError, match=message):
        read_config(path)


def test_a_missing_and_a_huge_config_are_refused(tmp_path):
    with pytest.raises(SettingError, match="cannot read"):
        read_config(tmp_path / "none.yaml")
    big = tmp_path / "big.yaml"
    big.write_text("#" * (2**20 + 1))
    with pytest.raises(SettingError, match="bytes"):
        read_config(big)


def test_the_hash_of_a_run_is_the_same_in_every_version():
    """A run that an earlier version began is resumed: its checkpoints are kept by this hash."""
    settings = TrainSettings(data="iris", seed=4, models=("k-nn", "tree"), clip_seconds=2.5, folds="loo-group")
    assert settings.hash() == "4b64d0ec4c738ed7934c7c2b9e2a227b8e4a905195634d633c6c1b969718727b"


def test_the_schema_refuses_unknown_names():
    assert config_schema()["additionalProperties"] is False


def test_the_hash_is_that_of_the_release_that_began_the_run_and_new_settings_leave_it():
    import dataclasses

    from heldout.settings import setting

    @dataclasses.dataclass(frozen=True)
    class Later(TrainSettings):
        patience: int = setting(3, "A setting of a later version.")

    hash_of_0_1_0 = "daaa2b4bb728d45ebf05c57699d49c2da494031365e40e1551cf66897276b397"
    assert TrainSettings(data="iris", seed=1, folds=3, models=("tree",)).hash() == hash_of_0_1_0
    assert Later(data="iris", seed=1, folds=3, models=("tree",)).hash() == hash_of_0_1_0
    assert Later(data="iris", seed=1, folds=3, models=("tree",), patience=4).hash() != hash_of_0_1_0
