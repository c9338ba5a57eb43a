"""Reply of the erasure of a user."""

from pydantic import Field

from app.schemas.common import Reply


class ErasedReply(Reply):
    """What is gone, and what is not."""

    erasure: int = Field(description="number of this erasure: manifests and the audit have it", examples=[3])
    events: int = Field(description="stored events that were deleted", examples=[412])
    rejects: int = Field(description="rejected rows that were deleted", examples=[0])
    models_trained_before: list[str] = Field(
        description="versions whose counts and vectors still have the user's sessions in them, without any id, newest "
        "first: until they are removed, or until a retraining takes the place of the one that serves",
        examples=[["20261124-065832"]],
    )
    next_step: str = Field(description="what makes a model without them", examples=["POST /retrain"])
