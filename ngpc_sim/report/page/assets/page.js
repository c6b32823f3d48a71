(() => {
  "use strict";
  const given = JSON.parse(document.getElementById("data").textContent);
  const views = [], tables = [];
  let chosen = null;

  /** Pixels that the longest word of a chart's legend needs. */
  const legendWidth = (rows) => Math.max(130, 30 + 7 * Math.max(0, ...rows.flatMap(
    (row) => ["case", "series", "part", "kind"].map((field) => String(row[field] ?? "").length))));

  const config = (width, word) => ({
    background: null, aria: false, font: "system-ui, sans-serif",
    view: { stroke: null }, axis: { labelFontSize: 12, titleFontSize: 12, titleFontWeight: "normal" },
    axisY: { labelLimit: Math.max(170, Math.floor(width * 0.55)) },
    legend: { orient: "top", columns: Math.max(1, Math.floor(width / word) - 1), labelFontSize: 12, symbolStrokeWidth: 2, symbolBaseFillColor: "var(--ink)", labelLimit: Math.max(200, Math.floor(width * 0.6)) },
  });
  // expressions are interpreted, for the page forbids code that is made of text
  const OPTIONS = { mode: "vega-lite", actions: false, renderer: "svg", ast: true };

  /** Show one app, or all of them, in a chart, which is as high as the labels that are left need. */
  function showIn({ view, spec }, app) {
    const { step } = spec.usermeta ?? {};
    const left = spec.datasets.rows.filter((row) => app === null || (row.app ?? app) === app);
    if (step) view.height(step * new Set(left.map((row) => row.label)).size);
    view.signal("app", app).runAsync();
  }

  /** Show one app, or all of them, in every chart and table. */
  function choose(app) {
    chosen = app;
    for (const own of views) showIn(own, app);
    for (const { api, column } of tables) api.column(column).search(app === null ? "" : app, { exact: true }).draw();
    for (const button of document.querySelectorAll("[data-app]")) {
      button.setAttribute("aria-pressed", String((button.dataset.app || null) === app));
    }
  }

  async function draw(one) {
    const place = document.getElementById(one.id);
    const { view } = await vegaEmbed(place, one.spec, { ...OPTIONS, config: config(place.clientWidth, legendWidth(one.spec.datasets.rows)) });
    view.addEventListener("click", (_, item) => {
      const app = item && item.datum && item.datum.app;
      if (app !== undefined && app !== null) choose(app === chosen ? null : app);
    });
    const own = { view, spec: one.spec };
    if (chosen !== null) showIn(own, chosen);
    views.push(own);
  }

  /** A number of a chart at four digits, a whole one with all of them. */
  function brief(value) {
    if (typeof value !== "number" || Number.isInteger(value)) return value ?? "";
    return Math.abs(value) < 1000 ? Number(value.toPrecision(4)) : Math.round(value);
  }

  /** The numbers of a chart as a table, made when it is asked for. */
  function fill(details) {
    const one = given.views.find((own) => own.id === details.dataset.view);
    const box = document.createElement("div"), table = document.createElement("table");
    box.className = "wide";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-labelledby", `${one.id}-said`);
    table.className = "plain";
    const head = table.createTHead().insertRow();
    for (const [, title] of one.columns) {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = title;
      head.append(cell);
    }
    const body = table.createTBody();
    for (const row of one.spec.datasets.rows) {
      const line = body.insertRow();
      for (const [field] of one.columns) line.insertCell().textContent = brief(row[field]);
    }
    box.append(table);
    details.append(box);
  }

  async function fillTables() {
    const { ITable, set_or_remove_dark_class: followTheme } = await window[given.tables_at];
    followTheme();
    for (const one of given.tables) {
      const api = new ITable(document.getElementById(one.id), one.arguments).dt;
      if (one.app >= 0) tables.push({ api, column: one.app });
    }
  }

  async function start() {
    for (const button of document.querySelectorAll("[data-app]")) {
      button.addEventListener("click", () => choose(button.dataset.app || null));
    }
    for (const details of document.querySelectorAll("details[data-view]")) {
      details.addEventListener("toggle", () => fill(details), { once: true });
    }
    for (const one of given.views) {
      await draw(one);
      await new Promise((next) => setTimeout(next)); // so that the page answers in between
    }
    await fillTables();
    document.documentElement.dataset.ready = "yes";
  }

  start();
})();
