"""Control endpoints of the simulator itself. Stripe has none of these."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from simulators.stripe.call import Call
from simulators.stripe.delivery_queue import State
from simulators.stripe.error import ApiError, JsonObject
from simulators.stripe.event_log import Origin
from simulators.stripe.fault import Faults
from simulators.stripe.kind import Handler
from simulators.stripe.resources import dispute, payment_intent
from simulators.stripe.simulator import Simulator

router = APIRouter()


def _simulator(request: Request) -> Simulator:
    simulator: Simulator = request.app.state.simulator
    return simulator


SimulatorDep = Annotated[Simulator, Depends(_simulator)]


class Redelivery(BaseModel):
    """Which events to deliver once more: one by its id, or all."""

    model_config = ConfigDict(extra="forbid")

    event_id: str | None = None
    all: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> "Redelivery":
        if (self.event_id is None) == (not self.all):
            raise ValueError('give either {"event_id": "evt_..."} or {"all": true}')
        return self


class Authentication(BaseModel):
    """What the buyer does when the bank asks."""

    model_config = ConfigDict(extra="forbid")

    outcome: str = Field("succeed", pattern="^(succeed|fail)$")


@router.get("/health")
async def read_health(simulator: SimulatorDep) -> JSONResponse:
    """Whether requests are answered and webhooks go out."""
    counts = simulator.deliveries.counts()
    if simulator.has_stopped_delivering():
        return JSONResponse({"status": "failed", "detail": "The webhook worker has stopped."}, 503)
    return JSONResponse({"status": "ok", "deliveries": counts})


@router.get("/_simulator/faults")
async def read_faults(simulator: SimulatorDep) -> Faults:
    """The faults in force, with what is left of their counters."""
    return simulator.faults.current


@router.put("/_simulator/faults")
async def replace_faults(faults: Faults, simulator: SimulatorDep) -> Faults:
    """Put these faults in force in place of all others; `{}` ends them all."""
    current = simulator.faults.replace(faults)
    simulator.worker.start_over()
    return current


@router.get("/_simulator/deliveries")
async def list_deliveries(
    simulator: SimulatorDep,
    state: State | None = None,
    event_id: str | None = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> dict[str, Any]:
    """Webhook deliveries, newest first, with how many there are in each state."""
    items = simulator.deliveries.latest(state=state, event_id=event_id, limit=limit)
    return {"counts": simulator.deliveries.counts(), "items": items}


@router.post("/_simulator/webhooks/redeliver")
async def redeliver(wanted: Redelivery, simulator: SimulatorDep) -> dict[str, int]:
    """Deliver one event or all events once more, whether they were accepted or not."""
    if simulator.config.webhook_url is None:
        raise HTTPException(409, "The simulator was started without --webhook-url, so there is nobody to deliver to.")
    if wanted.event_id is not None and simulator.objects.get("event", wanted.event_id) is None:
        raise HTTPException(404, f"There is no event {wanted.event_id}.")
    event_ids = [wanted.event_id] if wanted.event_id is not None else simulator.objects.ids("event")
    with simulator.database.transaction():
        for event_id in event_ids:
            simulator.deliveries.add_once(event_id)
    simulator.worker.wake()
    return {"redelivered": len(event_ids)}


@router.post("/_simulator/payment_intents/{intent_id}/authenticate")
async def authenticate(intent_id: str, wanted: Authentication, simulator: SimulatorDep) -> JsonObject:
    """Finish a payment that requires action, as the buyer does on the bank's page."""
    is_authentic = wanted.outcome == "succeed"
    return _happen(simulator, intent_id, lambda call: payment_intent.authenticate(call, is_authentic=is_authentic))


@router.post("/_simulator/payment_intents/{intent_id}/dispute")
async def open_dispute(intent_id: str, simulator: SimulatorDep) -> JsonObject:
    """Take a payment back, as the buyer's bank does; `POST /v1/disputes/{id}` answers it as with Stripe."""
    return _happen(simulator, intent_id, dispute.open_dispute)


def _happen(simulator: Simulator, intent_id: str, what: Handler) -> JsonObject:
    """Something that nobody asks of Stripe's API happens to a payment."""
    call = Call(
        method="POST",
        path="",
        params={},
        objects=simulator.objects,
        events=simulator.events,
        origin=Origin(),
        id=intent_id,
    )
    try:
        with simulator.database.transaction():
            changed = what(call)
    except ApiError as error:
        raise HTTPException(error.status, str(error)) from error
    simulator.worker.wake()
    return changed
