// The API's own description, shown by Swagger UI.  Dark follows the choice made in the screen, else the system.

const system = matchMedia("(prefers-color-scheme: dark)");

function paint() {
    const chosen = document.documentElement.dataset.theme;
    document.documentElement.classList.toggle("dark-mode", chosen ? chosen === "dark" : system.matches);
}

paint();
system.addEventListener("change", paint);

SwaggerUIBundle({
    url: "/api/openapi.json",
    dom_id: "#docs",
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    filter: true,
    displayOperationId: true,
    persistAuthorization: false,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
});
