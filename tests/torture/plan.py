"""tests/torture/plan.py: what is done to the server and when: all of it comes from the seed.

A plan is a list of strokes. Each has what it waits for before (seconds), its kind, and what that kind needs to know."""
import random

# How often each kind comes; the first three are kills.
WEIGHTS = {"kill": 30, "power": 30, "birth": 10, "term": 4, "stop": 6, "full": 3, "clock": 7, "carrier": 12, "mail": 6}
KILLS = ("kill", "power", "birth")
WAITS = (0.0, 0.02, 0.1, 0.25, 0.4, 0.6, 0.9)  # After the server is ready, or after the stroke before.
FAULTS = ("503", "503-after", "500-after", "429", "nonsense")
CALLBACKS = ("twice", "reversed", "lost", "early", "slow 2")
STEPS = (-3600, -90, -5, 5, 90, 3600)


def _of_carrier(chance):
    """Sentences to the carrier, and those that make it well again after `seconds`."""
    kind = chance.random()
    if kind < 0.45:
        operation = chance.choice(("create", "create", "create", "find", "poll", "cancel", "any"))
        return {"say": f"twilio fault {operation} {chance.choice(FAULTS)} times {chance.randint(1, 12)}", "seconds": 2.0}
    if kind < 0.85:
        return {"say": f"twilio callbacks {chance.choice(CALLBACKS)}", "seconds": round(chance.uniform(0.5, 3), 2)}
    return {"say": "twilio down", "seconds": round(chance.uniform(0.3, 1.5), 2)}


def _facts(kind, chance):
    if kind == "birth":  # Killed again while it starts, so many seconds after it was spawned.
        return {"births": chance.randint(1, 2), "after": round(chance.choice((0.005, 0.02, 0.05, 0.1)) * chance.uniform(0.5, 1.5), 4)}
    if kind == "stop":  # SIGSTOP, then SIGCONT or kill -9.
        return {"seconds": round(chance.choice((0.05, 0.3, 1.2)), 2), "ends": chance.choice(("cont", "cont", "kill"))}
    if kind == "full":
        return {"seconds": round(chance.uniform(0.4, 1.2), 2), "ends": chance.choice(("room", "room", "kill"))}
    if kind == "clock":
        return {"step": chance.choice(STEPS), "seconds": round(chance.uniform(0.2, 1.0), 2), "ends": chance.choice(("back", "back", "kill"))}
    if kind == "carrier":
        return _of_carrier(chance)
    if kind == "mail":
        return {"fault": chance.choice(("away", "refuse", "break", "late")), "seconds": round(chance.uniform(0.3, 2), 2)}
    return {}


def strokes(seed):
    """Without an end."""
    chance = random.Random(f"{seed} strokes")
    while True:
        kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        yield {"wait": round(chance.choice(WAITS) + chance.random() / 20, 3), "kind": kind, **_facts(kind, chance),
               "seed": chance.getrandbits(32)}
