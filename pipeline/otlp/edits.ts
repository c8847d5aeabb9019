export interface Edits { readonly items: number }
