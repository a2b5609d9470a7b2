// Swagger UI writes rendered Markdown as HTML.  The page's Trusted Types policy lets through what Markdown of our own document can
// become - these elements, and links to addresses - and nothing that could run.
if (window.trustedTypes) {
    const element = /<\/?(?:p|div|span|em|strong|code|pre|ul|ol|li|br|h[1-6])\s*\/?>|<a href="(?:https?:\/\/|\/)[^"<>]*"(?: (?:target="_blank"|rel="[a-z ]*"))*>|<\/a>/g;
    const harmless = (text) => !/[<>]/.test(text.replace(element, ""));
    trustedTypes.createPolicy("default", { createHTML: (text) => (harmless(text) ? text : text.replace(/</g, "&lt;")) });
}
