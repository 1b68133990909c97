"""What each planted truth means, in words: of what it is a share, of what it is relative to."""

from __future__ import annotations

_JOURNEY = "a journey ends with a purchase or before more than 30 days without a touchpoint"

# Where a horizon is given, only what lies a whole horizon before the end of the year counts: of
# later purchases, looks or payments it is not yet known what follows.
# For each truth: what it is; absolute (a share, a difference) or relative (to the other arm or
# period); the time that it is about; and whether it is caused, selected or merely so (behaviour).
DEFINITIONS: dict[str, dict[str, str]] = {
    "exit_probability": {
        "definition": "Of all touchpoints of the channel, the share that are their journey's last "
        f"without being a purchase; {_JOURNEY}.",
        "scale": "absolute",
        "horizon": "30 days after the touchpoint",
        "kind": "behaviour",
    },
    "order_value": {
        "definition": "Mean value of a purchase in EUR, of all purchases.",
        "scale": "absolute",
        "horizon": "the year",
        "kind": "behaviour",
    },
    "service_rate": {
        "definition": "Of all purchases, the share followed by a journey about the order: a "
        "parcel, a collection, a return, a question or a survey.",
        "scale": "absolute",
        "horizon": "22 days after the purchase",
        "kind": "behaviour",
    },
    "mobile_payment_stall": {
        "definition": "share: of the payments in the mobile app after which the journey goes on, "
        "the share with which the visit ends unpaid. finish: of these stalled payments, the share "
        "followed by a purchase of the same customer on the web at a desktop.",
        "scale": "absolute",
        "horizon": "share: the visit; finish: 3 days after the stalled payment",
        "kind": "behaviour",
    },
    "research_online_purchase_offline": {
        "definition": "Of the journeys whose first look at a product (view_product or watch_video, "
        "on the web or in the app) is on the web, the share with a purchase in a store. Without "
        "it, nobody who has looked at products on the web goes to a store in the same journey.",
        "scale": "absolute",
        "horizon": "7 days after the look",
        "kind": "behaviour",
    },
    "chat_handover": {
        "definition": "share: of all chats (contact), the share handed over: the customer's next "
        "touchpoint is a call (contact). repeat: of calls after which the journey goes on, the "
        "share whose next touchpoint is another call or chat; those handed over less the others. "
        "csat: mean score that chats not handed over get, less that of those handed over.",
        "scale": "absolute (csat: points of 1 to 5)",
        "horizon": "share: 1 hour; repeat: 7 days",
        "kind": "causal",
    },
    "retargeting": {
        "definition": "Of purchases on the web or in the app by customers who are shown adverts "
        "(ad_group), the share whose last touchpoint on e-mail, social, paid search or display in "
        "the journey is a retargeting impression. They cause no purchase: customers held out at "
        "random buy as much.",
        "scale": "absolute",
        "horizon": "2 April to 30 September",
        "kind": "selected",
    },
    "email_effect": {
        "definition": "Purchases of customers who are sent offers (mail_group), relative to what "
        "they would have been without: journeys begun by a personal_offer that would not have "
        "begun. Who is held out is random. A later advert or search mostly gets the last touch.",
        "scale": "relative",
        "horizon": "from the first offer, 9 April, to 31 December",
        "kind": "causal",
    },
    "video_uplift": {
        "definition": "Of journeys whose first look at a product is in the mobile app: the share "
        "with a purchase in a store if that look is a video (watch_video, at random for half), "
        "relative to the share if it is not (view_product).",
        "scale": "relative",
        "horizon": "3 days after the look",
        "kind": "causal",
    },
    "four_channel_retention": {
        "definition": "Customers seen from January to March who come back (begin a journey, after "
        "30 days without a touchpoint, from October to December): the share among those seen on "
        "four or more channels from January to March, relative to the share among the others. "
        "Club members use more channels and come back more often; within the club, and outside "
        "it, channels make no difference.",
        "scale": "relative",
        "horizon": "one year: its first quarter against its last",
        "kind": "selected",
    },
    "slow_weekend_pickup": {
        "definition": "Time from the purchase to ready_for_pickup of orders to collect: geometric "
        "mean for orders placed on Saturday or Sunday, relative to the other days. What it causes "
        "is the wait: the order is placed before, so purchases have no counterfactual.",
        "scale": "relative",
        "horizon": "by the day of the purchase",
        "kind": "causal",
    },
    "checkout_test": {
        "definition": "Customers first exposed to the test at a checkout on that device (role "
        "variant; the arms are random, by customer): the share of the treatment arm who purchase "
        "in that visit, relative to the control arm. device mobile: the app and phones on the "
        "web; desktop; tablets have no effect.",
        "scale": "relative",
        "horizon": "the visit of the first exposure, 1 April to 30 September",
        "kind": "causal",
    },
    "channel_dip": {
        "definition": "size: in the week from that Monday, by how much the share of journeys begun "
        "on the channel is lower than in the two months before and after, of those begun neither "
        "by e-mail nor by display and after more than 30 days without a touchpoint. The cause: the "
        "channel was paused for some of its customers, who came straight to the web and bought as "
        "those do who begin there.",
        "scale": "relative",
        "horizon": "one week, Monday to Sunday",
        "kind": "causal",
    },
    "mix_shift": {
        "definition": "improvement: of add_to_cart on the web, the share whose next touchpoint is "
        "a checkout in the same visit; on each device, July to December relative to January to "
        "June. mobile_share: of visits to the web from July on, those by phone (before: 0.40), "
        "without visits that begin with a payment or purchase: they go to finish a stalled one. "
        "Phones check out less often, so the share over all devices falls while each rises.",
        "scale": "relative (mobile_share: absolute)",
        "horizon": "second half of the year against the first",
        "kind": "behaviour",
    },
}
