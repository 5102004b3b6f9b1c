// Tells Google Analytics which kind of page was opened, by its pattern: numbers and names in the address stay here.
const { analytics: key, page: kind } = document.querySelector("script[data-analytics]").dataset;
window.dataLayer = window.dataLayer || [];
function gtag() {
  window.dataLayer.push(arguments);
}
gtag("js", new Date());
gtag("consent", "default", { ad_storage: "denied", ad_user_data: "denied", ad_personalization: "denied", analytics_storage: "denied" });
gtag("config", key, { page_location: location.origin + kind, page_title: kind, page_referrer: "" });
