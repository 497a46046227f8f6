import pickle

from ntlbg.errors import InputError, NTLBGError, ParamsError, StoreError


def test_an_error_survives_a_process_border():
    """Sentence, hint and extra fields are the same after pickling."""
    error = InputError("file, row 3: no answer", hint="add it")
    error.outcome = "open_failed"
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is InputError
    assert (again.sentence, again.hint, again.outcome, str(again)) == (
        "file, row 3: no answer",
        "add it",
        "open_failed",
        "file, row 3: no answer",
    )


def test_users_mistakes_have_their_own_exit_code():
    """Scripts can tell a user's mistake (2) from damage (4) and the rest (1)."""
    assert [e.exit_code for e in (NTLBGError, InputError, ParamsError, StoreError)] == [1, 2, 2, 4]
