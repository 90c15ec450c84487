/* The panorama at full resolution: tiles to zoom and move, a compass, the direction under the pointer, and frames.

   Latitude and longitude of the map are elevation and azimuth in degrees. What comes from labels is set as text. */
"use strict";
(() => {
  const viewer = document.getElementById("viewer");
  if (!viewer || !window.L) return; // the preview stays
  const panorama = JSON.parse(viewer.dataset.panorama);
  const { azimuthLeft, elevationTop, pixelsPerDegree, lines, samples, tile, finestZoom } = panorama;
  const [sight, compass, readout] = [".sight", ".compass", ".readout"].map((name) => viewer.querySelector(name));
  const named = (button) => [button.dataset.does, button];
  const buttons = Object.fromEntries([...viewer.querySelectorAll("button")].map(named));
  const POINTS = "N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW".split(" ");
  const MARKS_DEG = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 45];
  const MARK_PX = 72; // from label to label, so that they do not touch
  const CLOSER = 2; // zooms beyond pixel for pixel

  const modulo = (value, divisor) => ((value % divisor) + divisor) % divisor;
  const number = (value, digits) => value.toFixed(digits).replace("-", "−");
  const place = (sample, line) =>
    L.latLng(elevationTop - line / pixelsPerDegree, azimuthLeft + sample / pixelsPerDegree);
  const edges = (inset) => L.latLngBounds(place(inset, inset), place(samples - inset, lines - inset));

  viewer.hidden = false;
  document.getElementById("panorama").classList.add("live");

  /* At zooms in between, too, a tile is shown at whole pixels: else lines would be seen where tiles meet. */
  const scale = (zoom) => (2 ** Math.round(zoom) * Math.floor(tile * 2 ** (zoom - Math.round(zoom)))) / tile;
  const coarsest = pixelsPerDegree / 2 ** finestZoom;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const whole = edges(0);
  const map = L.map(sight, {
    crs: L.extend({}, L.CRS.Simple, {
      scale,
      transformation: L.transformation(coarsest, -azimuthLeft * coarsest, -coarsest, elevationTop * coarsest),
    }),
    attributionControl: false,
    inertia: !calm,
    keyboardPanDelta: 120,
    maxBounds: whole.pad(0.05),
    maxBoundsViscosity: 1,
    maxZoom: finestZoom + CLOSER,
    minZoom: -CLOSER,
    zoomAnimation: !calm,
    zoomSnap: 0,
  });
  const fine = devicePixelRatio > 1 ? 1 : 0; // a dense screen takes the next finer tiles, half as large
  L.tileLayer("tiles/{z}/{x}/{y}.jpg", {
    bounds: edges(0.25), // of a pixel: rounding asks for no tile beyond the last
    maxNativeZoom: finestZoom - fine,
    maxZoom: finestZoom + CLOSER,
    minNativeZoom: -fine,
    minZoom: -CLOSER,
    noWrap: true,
    tileSize: tile >> fine,
    zoomOffset: fine,
  }).addTo(map);

  /* Frames: rings hold x, y, x, y ... in pixels of a coarser level. */
  const corners = (ring) =>
    Array.from({ length: ring.length / 2 }, (_, corner) =>
      place(ring[2 * corner] * panorama.outlinePixel, ring[2 * corner + 1] * panorama.outlinePixel),
    );
  const frames = panorama.frames.map((frame) => ({ ...frame, rings: frame.rings.map(corners) }));
  const within = (ring, { lat, lng }) =>
    ring.reduce((inside, one, corner) => {
      const other = ring[(corner || ring.length) - 1];
      const crosses =
        one.lat > lat !== other.lat > lat &&
        lng < one.lng + ((other.lng - one.lng) * (lat - one.lat)) / (other.lat - one.lat);
      return crosses ? !inside : inside;
    }, false);
  const frameAt = (point) => frames.find(({ rings }) => rings.filter((ring) => within(ring, point)).length % 2);
  const outlines = L.layerGroup(
    frames.map(({ index, rings }) => {
      const name = document.createElement("b");
      name.textContent = index;
      const color = `hsl(${modulo(index * 137.5, 360)} 90% 70%)`;
      const label = { className: "frame", direction: "center", permanent: true };
      return L.polygon(rings, { color, fill: false, interactive: false, weight: 1.5 }).bindTooltip(name, label);
    }),
  );

  const say = (point) => {
    const azimuth = modulo(point.lng, 360);
    const frame = frameAt(point);
    readout.textContent =
      `${number(azimuth, 2)}° ${POINTS[Math.round(azimuth / 22.5) % 16]}, elevation ${number(point.lat, 2)}°` +
      (frame ? ` · frame ${frame.index}: ${frame.product}` : "");
  };

  const drawCompass = () => {
    const view = map.getBounds();
    const width = map.getSize().x;
    const pixels = width / (view.getEast() - view.getWest());
    const step = MARKS_DEG.find((degrees) => degrees * pixels >= MARK_PX) ?? 90;
    const first = Math.ceil(Math.max(view.getWest(), whole.getWest()) / step);
    const last = Math.floor(Math.min(view.getEast(), whole.getEast()) / step);
    const marks = [];
    for (let count = first; count <= last; count += 1) {
      const azimuth = modulo(count * step, 360);
      const mark = document.createElement("li");
      const name = azimuth % 45 === 0 ? `${POINTS[azimuth / 22.5]} ` : "";
      mark.textContent = `${name}${number(azimuth, step < 1 ? 1 : 0)}°`;
      mark.classList.toggle("main", azimuth % 90 === 0);
      mark.style.left = `${(count * step - view.getWest()) * pixels}px`;
      marks.push(mark);
    }
    compass.replaceChildren(...marks);
  };

  const fit = () => {
    map.setMinZoom(-CLOSER);
    map.setMinZoom(Math.min(map.getBoundsZoom(whole), finestZoom));
  };
  const showWhole = () => map.fitBounds(whole, { animate: false });
  const showFrames = (shown) => {
    (shown ? map.addLayer : map.removeLayer).call(map, outlines);
    buttons.frames.setAttribute("aria-pressed", shown);
  };
  /* #az=258,el=-5,zoom=2 and, where they are shown, ,frames=shown */
  const showAddress = () => {
    const given = Object.fromEntries(location.hash.slice(1).split(",").map((part) => part.split("=")));
    const [azimuth, elevation, zoom] = [given.az, given.el, given.zoom].map((text) => parseFloat(text));
    showFrames(given.frames === "shown");
    if (![azimuth, elevation, zoom].every(Number.isFinite)) return false;
    map.setView([elevation, azimuthLeft + modulo(azimuth - azimuthLeft, 360)], zoom, { animate: false });
    return true;
  };
  const writeAddress = () => {
    const { lat, lng } = map.getCenter();
    const view = `#az=${modulo(lng, 360).toFixed(3)},el=${lat.toFixed(3)},zoom=${map.getZoom().toFixed(2)}`;
    history.replaceState(null, "", view + (map.hasLayer(outlines) ? ",frames=shown" : ""));
  };
  const does = {
    whole: showWhole,
    full: () => map.setZoom(finestZoom),
    frames: () => {
      showFrames(!map.hasLayer(outlines));
      writeAddress();
    },
    screen: () => (document.fullscreenElement ? document.exitFullscreen() : viewer.requestFullscreen()),
  };
  for (const [name, button] of Object.entries(buttons)) button.addEventListener("click", does[name]);
  buttons.screen.hidden = !document.fullscreenEnabled;

  fit();
  if (!showAddress()) showWhole();
  drawCompass();
  say(map.getCenter());
  map.on("resize", fit).on("move zoom resize", drawCompass).on("moveend", writeAddress);
  map.on("mousemove", ({ latlng }) => say(latlng)).on("mouseout moveend", () => say(map.getCenter()));
  addEventListener("hashchange", showAddress);
})();
