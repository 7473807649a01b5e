{#-
    Whether a list was shown to a party, who clicked in it or names it when buying: to the same user, to a colleague (a
    company's program asks for lists that its people click in), or to the same anonymous visitor. A list shown to nobody known is its holder's, since nobody
    else can guess a receipt, unless both say who they are and that differs. A click of nobody known is taken at its word:
    a live one always has a user. Whoever was erased is known, though nobody can say who it was: of such a click and such
    a list it is told only whether both were one person's, so that an erasure never lets a click count that did not.
-#}
{% macro is_shown_to(party) -%}
    case
        when {{ party }}.erased_sender is not null and impressions.erased_sender is not null
            then {{ party }}.erased_sender = impressions.erased_sender
        when {{ party }}.erased_sender is not null
            then coalesce(impressions.user_id, impressions.organization_id, impressions.anonymous_id) is null
        when coalesce({{ party }}.user_id, {{ party }}.organization_id, {{ party }}.anonymous_id) is null then true
        when impressions.erased_sender is not null then false
        when coalesce(impressions.user_id, impressions.organization_id) is null
            then coalesce({{ party }}.anonymous_id = impressions.anonymous_id, true)
        else
            coalesce({{ party }}.user_id = impressions.user_id, false)
            or coalesce({{ party }}.organization_id = impressions.organization_id, false)
            or coalesce({{ party }}.anonymous_id = impressions.anonymous_id, false)
    end
{%- endmacro %}
