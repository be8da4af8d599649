import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size of an element, followed as it changes. */
export function useSize<E extends Element>(): readonly [RefObject<E | null>, Size | null] {
  const element = useRef<E>(null);
  const [size, setSize] = useState<Size | null>(null);
  useLayoutEffect(() => {
    if (element.current === null) return undefined;
    const { width, height } = element.current.getBoundingClientRect();
    setSize({ width, height });
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    observer.observe(element.current);
    return () => {
      observer.disconnect();
    };
  }, []);
  return [element, size];
}

export type Mode = "narrow" | "medium" | "wide" | "ultra";

export interface Viewport extends Size {
  readonly mode: Mode;
  readonly short: boolean; // the bottom panel
}

function viewport(): Viewport {
  const { innerWidth: width, innerHeight: height } = window;
  const mode = width < 480 ? "narrow" : width < 900 ? "medium" : width <= 1600 ? "wide" : "ultra";
  return { width, height, mode, short: height < 400 };
}

export function useViewport(): Viewport {
  const [size, setSize] = useState(viewport);
  useEffect(() => {
    const onResize = (): void => {
      setSize(viewport());
    };
    window.addEventListener("resize", onResize);
    return () => {
      window.removeEventListener("resize", onResize);
    };
  }, []);
  return size;
}
