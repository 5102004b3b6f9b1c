// Tells Google Analytics which kind of page was opened: numbers and names in the address stay here.
const key = document.querySelector("script[data-analytics]").dataset.analytics;
const kind = location.pathname.replace(/\/(?:\d+|[^/]*[\d~@%][^/]*)(?=\/|$)/g, "/:id");
window.dataLayer = window.dataLayer || [];
function gtag() {
  window.dataLayer.push(arguments);
}
gtag("js", new Date());
gtag("consent", "default", { ad_storage: "denied", ad_user_data: "denied", ad_personalization: "denied", analytics_storage: "denied" });
gtag("config", key, { page_location: location.origin + kind, page_title: kind, page_referrer: "" });
