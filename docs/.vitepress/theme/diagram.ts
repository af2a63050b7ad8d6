/**
 * Draws a Mermaid diagram in the reader's browser, in the colours of the page. The library is two and a half megabytes,
 * so it is a file of its own, fetched from the site by the first page that has a diagram. Its text is there without it.
 */

import address from '@mermaid-js/tiny/dist/mermaid.tiny.js?url';
import { useData } from 'vitepress';
import { defineComponent, h, onMounted, ref, watch } from 'vue';

interface Mermaid {
  initialize(settings: object): void;
  render(id: string, text: string): Promise<{ readonly svg: string }>;
}

let loading: Promise<Mermaid> | undefined;
let drawn = 0;

function load(): Promise<Mermaid> {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = address;
    script.addEventListener('load', () => resolve((globalThis as unknown as { mermaid: Mermaid }).mermaid));
    script.addEventListener('error', () =>
      reject(new Error(`the diagram's library at ${address} did not load`)),
    );
    document.head.append(script);
  });
  return loading;
}

export const MermaidDiagram = defineComponent({
  props: { text: { type: String, required: true } },
  setup(props) {
    const { isDark } = useData();
    const source = decodeURIComponent(props.text);
    const svg = ref('');

    async function draw(): Promise<void> {
      const mermaid = await load();
      const dark = isDark.value;
      mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', theme: dark ? 'dark' : 'neutral' });
      drawn += 1;
      const picture = await mermaid.render(`diagram-${drawn}`, source);
      // The reader may have changed the colours meanwhile.
      if (isDark.value === dark) svg.value = picture.svg;
    }

    onMounted(() => {
      watch(isDark, draw, { immediate: true });
    });
    return () =>
      h('figure', { class: 'diagram' }, [
        svg.value && h('div', { class: 'picture', 'aria-hidden': 'true', innerHTML: svg.value }),
        h('details', { open: svg.value ? undefined : true }, [
          h('summary', 'The diagram as text'),
          h('pre', { tabindex: 0 }, source),
        ]),
      ]);
  },
});
