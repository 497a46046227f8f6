from ntlbg import progress


def test_a_log_shows_what_is_done_and_how_fast(capsys, monkeypatch):
    """Without a terminal, lines with count, rate, the time left and the current item are printed."""
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    with progress.meter("decode", total=2, unit="videos") as m:
        m.advance(now="a.mp4")
        m.advance(now="b.mp4")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("decode: 1/2 videos, ")
    assert "a.mp4" in lines[0]
    assert " s left" in lines[0]
    assert "decode: 2/2 videos" in lines[-1]
    assert "left" not in lines[-1]


def test_track_yields_every_item(capsys):
    """Tracking changes nothing in what is iterated."""
    assert list(progress.track([1, 2, 3], "work")) == [1, 2, 3]
    assert "work: 3/3 items" in capsys.readouterr().err


def test_no_name_can_break_or_drive_the_terminal(capsys, monkeypatch):
    """Names of files may hold markup of ours or escape sequences; on a terminal and in a log they are only shown."""
    name = "film [/red] [1080p]\x1b[2J.mp4"
    with progress.meter("decode", total=1, unit="videos") as m:
        monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
        m.advance(now=name)
    assert "\x1b[2J" not in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    with progress.meter("decode", total=1, unit="videos") as m:
        m.advance(now=name)
    shown = capsys.readouterr().err
    assert "[/red] [1080p]" in shown
    assert "\x1b[2J" not in shown


def test_a_meter_within_another_shares_its_display(capsys, monkeypatch):
    """On a terminal there is one display; two would write over each other. Workers' meters may nest, too."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    events = []
    with progress.meter("evaluate", total=2) as outer, progress.Board() as board:
        with monkeypatch.context() as worker:
            worker.setattr(progress, "_relay", [lambda event: events.append(event)])
            with progress.meter("a", total=1) as a, progress.meter("b", total=1) as b:
                b.advance()
                a.advance(now="late")
        for event in events:
            board.take(0, event)
        outer.advance()
        assert len(progress._bars) == 1
        assert [task.description for task in progress._bars[0].tasks] == ["evaluate", "a", "b"]
        assert [task.completed for task in progress._bars[0].tasks] == [1, 1, 1]
    assert not progress._bars
