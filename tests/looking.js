// What a reader would see of a page: text over text, cut off, too faint or beyond the window.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const FAINT = 4.5; // WCAG 2.2, level AA
  const TOUCH = 1.5; // pixels

  const corners = (left, top, right, bottom) => [[left, top], [right, top], [right, bottom], [left, bottom]];
  const flat = (rect) => corners(rect.left, rect.top + 0.15 * rect.height, rect.right, rect.bottom - 0.15 * rect.height);
  const bounds = (points) => [0, 1].map((axis) => points.map((each) => each[axis])).flatMap((values) => [Math.min(...values), Math.max(...values)]);

  const scrolled = (element) => element.closest(".rows, pre, .md-sidebar__scrollwrap, .md-typeset__scrollwrap");
  const within = (rect, element) => {
    const box = element?.getBoundingClientRect();
    return !box || (rect.top >= box.top - 1 && rect.bottom <= box.bottom + 1 && rect.left >= box.left - 1 && rect.right <= box.right + 1);
  };

  const htmlTexts = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    for (let node; (node = walker.nextNode()); ) {
      const owner = node.parentElement;
      if (!node.data.trim() || owner.closest("svg, script, style, noscript, .md-sidebar .md-nav__title")) continue;
      if (!owner.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const rect of range.getClientRects())
        if (rect.width > 1 && rect.right > 0 && within(rect, scrolled(owner))) found.push({ owner, text: node.data.trim(), points: flat(rect) });
    }
    return found;
  };

  const svgTexts = () =>
    all(".plot svg text")
      .filter((each) => each.textContent.trim() && each.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
      .map((owner) => {
        const { x, y, width, height } = owner.getBBox();
        const placed = owner.getScreenCTM();
        const points = corners(x, y + 0.15 * height, x + width, y + 0.85 * height).map(([a, b]) => {
          const point = new DOMPoint(a, b).matrixTransform(placed);
          return [point.x, point.y];
        });
        return { owner, text: owner.textContent.trim(), points };
      });

  const buttons = () =>
    all(".modebar-group").map((owner) => ({ owner, text: "buttons", points: flat(owner.getBoundingClientRect()) }));

  // Two convex shapes are apart if their shadows on the normal of one of their edges are.
  const overlap = (one, other) => {
    for (const shape of [one, other])
      for (let i = 0; i < shape.length; i++) {
        const [[ax, ay], [bx, by]] = [shape[i], shape[(i + 1) % shape.length]];
        const length = Math.hypot(bx - ax, by - ay) || 1;
        const [first, second] = [one, other].map((points) => points.map(([x, y]) => ((y - ay) * (bx - ax) - (x - ax) * (by - ay)) / length));
        if (Math.max(...first) < Math.min(...second) + TOUCH || Math.max(...second) < Math.min(...first) + TOUCH) return false;
      }
    return true;
  };

  const overlaps = (texts) => {
    const sorted = texts.map((each) => ({ ...each, box: bounds(each.points) })).sort((a, b) => a.box[2] - b.box[2]);
    return sorted.flatMap((one, place) => {
      const found = [];
      for (let i = place + 1; i < sorted.length && sorted[i].box[2] < one.box[3]; i++)
        if (sorted[i].owner !== one.owner && overlap(one.points, sorted[i].points)) found.push(`${one.text} | ${sorted[i].text}`);
      return found;
    });
  };

  const cut = (texts) =>
    texts.filter(({ owner, points }) => {
      const { left, right, top, bottom } = owner.closest(".plot").getBoundingClientRect();
      const [low, high, up, down] = bounds(points);
      return low < left - TOUCH || high > right + TOUCH || up < top - TOUCH || down > bottom + TOUCH;
    });

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = ([...top], bottom) => [0, 1, 2].map((band) => top[3] * top[band] + (1 - top[3]) * bottom[band]);
  const ground = (element) => {
    const layers = [];
    for (let own = element; own; own = own.parentElement) layers.push(rgba(getComputedStyle(own).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const light = (colour) => {
    const [red, green, blue] = colour.map((each) => (each / 255 <= 0.04045 ? each / 255 / 12.92 : ((each / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = ({ owner }) => {
    const style = getComputedStyle(owner);
    const below = ground(owner);
    const shown = over(rgba(owner.closest("svg") ? style.fill : style.color), below);
    const [low, high] = [light(shown), light(below)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const faint = (texts) =>
    texts
      .filter(({ owner }) => getComputedStyle(owner).textShadow === "none")
      .map((each) => [contrast(each), each.text])
      .filter(([found]) => found < FAINT)
      .map(([found, text]) => `${found.toFixed(2)}: ${text}`);

  const wide = () =>
    all("body *")
      .filter((each) => !each.closest("svg, [hidden], .plot, .rows, pre, .md-typeset__scrollwrap, .md-sidebar, .md-header, .md-search"))
      .filter((each) => each.checkVisibility() && each.getBoundingClientRect().width && each.getBoundingClientRect().right > innerWidth + 1)
      .map((each) => `${each.tagName}.${each.className}`);

  window.looked = () => {
    const [plain, drawn] = [htmlTexts(), svgTexts()];
    return {
      window: innerWidth,
      page: document.documentElement.scrollWidth,
      wide: wide(),
      overlaps: overlaps([...plain, ...drawn, ...buttons()]),
      cut: cut(drawn).map(({ text }) => text),
      faint: [...new Set(faint([...plain, ...drawn]))],
      texts: plain.length + drawn.length,
    };
  };
})();
