"""Bodies of the prompt routes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StrictInt, model_validator

from api.prompts.currency import PriceCurrency
from api.prompts.template import Variable
from api.schema import Line, RequestBody, ResponseBody
from warehouse.currencies import CHARGE_MAX_CENTS

# The longest of a thousand published prompts has 69,000 characters.
TEMPLATE_MAX_LENGTH = 200_000
VALUE_MAX_LENGTH = 100_000
VALUES_MAX = 1_000
# What an answer may hold after rendering; a small template can name one long value many times.
RENDERED_MAX_LENGTH = 2_000_000

Status = Literal["draft", "published", "archived"]


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


Tag = Annotated[Line, Field(max_length=50)]
Tags = Annotated[list[Tag], Field(max_length=20), AfterValidator(_distinct)]
Category = Annotated[Line, Field(max_length=100)]
ModelName = Annotated[Line, Field(max_length=100, examples=["gpt-4o"])]
PriceCents = Annotated[
    StrictInt, Field(ge=0, le=CHARGE_MAX_CENTS, description="Minor units of the currency; 0 is free", examples=[1900])
]
Description = Annotated[str, Field(max_length=10_000)]
TemplateText = Annotated[
    str,
    Field(
        max_length=TEMPLATE_MAX_LENGTH,
        description="`${name}` and `${name:default}` are variables; everything else is kept byte for byte",
        examples=["Summarise this for ${audience:a lawyer}:\n\n${contract}"],
    ),
    AfterValidator(_not_blank),
]
Version = Annotated[StrictInt, Field(ge=1, lt=2**31)]


class NewPrompt(RequestBody):
    """A prompt to sell. It starts as a draft that only its seller sees."""

    title: Line
    description: Description = ""
    category: Category | None = None
    tags: Tags = Field(default_factory=list)
    template: TemplateText
    price_cents: PriceCents
    currency: PriceCurrency = "USD"
    model: ModelName | None = Field(None, description="The model the prompt was written for")


class PromptChange(RequestBody):
    """What to change of a listing; what is left out stays. The text changes by `POST {id}/versions`."""

    title: Line | None = None
    description: Description | None = None
    category: Category | None = None
    tags: Tags | None = None
    price_cents: PriceCents | None = None
    currency: PriceCurrency | None = None
    model: ModelName | None = None

    @model_validator(mode="after")
    def _only_some_can_be_null(self) -> "PromptChange":
        nullable = {"category", "model"}
        wrong = [name for name in sorted(self.model_fields_set - nullable) if getattr(self, name) is None]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} can't be null: leave out what is to stay")
        return self


class NewVersion(RequestBody):
    """A new text of a prompt."""

    template: TemplateText
    change_note: Annotated[str, Field(max_length=1_000)] | None = None


class TemplateCheck(RequestBody):
    """A text to look at without saving it."""

    template: Annotated[str, Field(max_length=TEMPLATE_MAX_LENGTH)] | None = Field(
        None, description="By default the current version's"
    )


class RenderRequest(RequestBody):
    """Values for the variables of a prompt."""

    variables: Annotated[
        dict[Annotated[str, Field(max_length=200)], Annotated[str, Field(max_length=VALUE_MAX_LENGTH)]],
        Field(max_length=VALUES_MAX),
    ] = Field(default_factory=dict)
    version: Version | None = Field(None, description="By default the current one")


class TemplateVariable(ResponseBody):
    """A variable of a template."""

    name: str
    default: str | None = Field(description="What stands there when no value is given; null when one must be")
    is_required: bool

    @classmethod
    def of(cls, variable: Variable) -> "TemplateVariable":
        """From what the parser found."""
        return cls(name=variable.name, default=variable.default, is_required=variable.is_required)


class PromptSummary(ResponseBody):
    """A prompt as listed."""

    id: UUID
    title: str
    description: str
    category: str | None
    tags: list[str]
    price_cents: int
    currency: str
    model: str | None
    status: Status
    current_version: int
    seller_organization_id: UUID
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime


class PromptDetail(PromptSummary):
    """A prompt's page. The text is for its seller and for organizations that bought it."""

    seller_name: str
    is_accessible: bool = Field(description="Whether the caller's organization sells or bought it")
    template: str | None = Field(description="The current version's text; null when not accessible")
    variables: list[TemplateVariable] | None = Field(description="Null when not accessible")


class VersionDetail(ResponseBody):
    """One version of a prompt."""

    version: int
    template: str | None = Field(description="Null when not accessible")
    variables: list[str] | None = Field(description="Null when not accessible")
    change_note: str | None = Field(description="Null when not accessible")
    created_at: datetime


class TemplateFinding(ResponseBody):
    """Something in a template that is probably not meant."""

    kind: str
    severity: Literal["error", "warning"]
    message: str
    line: int
    column: int


class TemplateReport(ResponseBody):
    """What a template holds. Valid when nothing in it is an error."""

    is_valid: bool
    variables: list[TemplateVariable]
    problems: list[TemplateFinding]


class Rendered(ResponseBody):
    """A prompt ready to use."""

    prompt_id: UUID
    version: int
    text: str
