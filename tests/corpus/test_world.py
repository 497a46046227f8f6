from ntlbg.corpus import world


def test_every_shape_has_one_held_out_colour_and_place():
    """Held-out combinations exist for every shape, and name real colours and places."""
    assert set(world.HELD_OUT_COLOUR) == set(world.HELD_OUT_PLACE) == set(world.SHAPES)
    assert set(world.HELD_OUT_COLOUR.values()) <= set(world.COLOURS)
    assert set(world.HELD_OUT_PLACE.values()) <= set(world.PLACES)


def test_no_word_means_two_things():
    """Places, shapes, colours and numbers share no word, so a question is never ambiguous."""
    words = [*world.PLACES, *world.SHAPES, *world.COLOURS, *world.NUMBERS]
    assert len(words) == len(set(words))
